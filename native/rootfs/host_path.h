// Paths of the host: the few that a plan names, looked up as the runtime itself sees them. Nothing that the container's image can
// say anything about comes here; that is resolve.h.
#pragma once

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

// "/" of the mount namespace and root that we are in, as an O_PATH descriptor.
Result<Fd> open_slash();

// The directory `path`, as an O_PATH descriptor; with `nofollow` its last component is no symlink (ELOOP).
Result<Fd> open_host_directory(const char* path, bool nofollow);

// A detached copy of the mount that `path` is in, from there on; `recursive` with the mounts below (man 2 open_tree).
Result<Fd> clone_host_path(const char* path, bool recursive);

// Takes the topmost mount off `path`, at once for all who see it and later for those who use it (MNT_DETACH); follows no symlink.
Status unmount_host_path(const char* path);

}  // namespace tsrun
