// Files and sockets outside the state root that the caller names: logs, pid files, console sockets. They may lie in a directory
// where everybody makes files (/tmp), so another user may have been there first.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

// What is at `path`, as an O_PATH descriptor. EACCES for what another user planted: a file, or a symlink as the last part,
// that is neither ours nor the directory's owner's, in a sticky directory that others may write to. It is the kernel's rule
// of fs.protected_symlinks, protected_regular and protected_fifos (man 5 proc_sys_fs), which may be off and knows no sockets.
Result<Fd> open_named(const std::string& path);

// Opens for appending, with O_SYNC, a file that is made (0644) when there is none; refuses as above. A FIFO without a reader: with `wait`
// that is waited for, else it is EPIPE. Without `wait` what is no file may be non-blocking.
Result<Fd> open_log(const std::string& path, bool wait);

// Makes `path`, or replaces what is there, by way of a new file beside it whose name cannot be guessed: whole or not at all, and
// whatever was at `path`, it is ours afterwards.
Status replace_file(const std::string& path, std::string_view text, mode_t mode);

// Makes `path`; EEXIST when there is something, a symlink too. On failure nothing is left.
Status create_file(const std::string& path, std::string_view text, mode_t mode);

// All of it, to a file. `what` is for the error.
Status write_all(int fd, std::string_view text, const std::string& what);

}  // namespace tsrun
