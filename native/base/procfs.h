// Files below /proc, by way of the verified handle only.
#pragma once

#include "base/context.h"

namespace tsrun {

// Opens `path` below the runtime's procfs, following no symlink and crossing no mount: whatever an image or a mount put
// there, this is the kernel's file. `flags` as in open(2).
Result<Fd> open_proc(Context& context, const char* path, int flags);

// Opens /proc/self/NAME: `self` is a symlink, so it is resolved by number first.
Result<Fd> open_own_proc(Context& context, const char* name, int flags);

// Writes `text` in one write(2) to /proc/self/NAME.
Status write_own_proc_file(Context& context, const char* name, std::string_view text);

}  // namespace tsrun
