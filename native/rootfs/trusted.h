// The runtime's own /proc and /dev/null, opened before any file of the container can be in the way.
#pragma once

#include <climits>

#include "base/context.h"
#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

// Fills Context.proc. ENODEV when it is not what its name says: a runtime inside a container may
// itself live on a forged tree.
Status open_trusted(Context& context);

// The runtime's /dev/null, verified to be char device 1:3, as the mount namespace we are in has it: into Context.null.
Status open_trusted_null(Context& context);

// /dev/null as it is in the mount namespace we are in now; ENODEV when it is not that device.
Result<Fd> open_null();

// The file of `fd`, itself O_PATH perhaps, opened again with `flags` (O_CLOEXEC is added).
Result<Fd> reopen(const Context& context, int fd, int flags);

// chmod(2) on the file of `fd`, which O_PATH descriptors do not take otherwise.
Status change_mode(const Context& context, int fd, unsigned mode);

// The path of `fd` by the kernel's own account, without a slash at its end.
Result<std::string_view> path_of(const Context& context, int fd, char (&buffer)[PATH_MAX]);

// Path of `fd` below Context.proc: "self/fd/N", a magic link to exactly that file.
Text<32> link_of(int fd);

}  // namespace tsrun
