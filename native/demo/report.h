// How the demo's report looks, and reading the small files that it is made of.
#pragma once

#include <cstddef>

namespace tsrun::demo {

// A heading with an empty line before it.
void heading(const char* title);

// One line: a name in a column of its own, then what is said about it (printf).
void line(const char* name, const char* format, ...) __attribute__((format(printf, 2, 3)));

// The file's beginning, NUL-terminated and without a final newline; nullptr when it cannot be read. Valid until the next call.
const char* read_small(const char* path);

// The value after `key` and a colon in a file of such lines, like /proc/self/status; nullptr when there is none. Valid
// until the next call.
const char* field(const char* path, const char* key);

// One part of the report each.
void report_identity();
void report_namespaces(int count, char** host);  // `host`: what the namespaces are outside, as name=inode
void report_capabilities();
void report_confinement();
void report_mounts();
void report_devices();
void report_cgroup();
void report_limits();

}  // namespace tsrun::demo
