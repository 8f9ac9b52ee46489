// Detached mounts: made and changed where nobody sees them, then put in their place whole (man 2 move_mount).
#pragma once

#include "base/context.h"
#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

// A detached copy of the mount that `fd` is in, from the file of `fd` on; `recursive` with the mounts below.
Result<Fd> clone_tree(int fd, bool recursive);

// Puts the mount `tree` on the file of `target`, a descriptor, so that no path is looked up again.
Status attach(int tree, int target);

struct Attributes {
  uint64_t set = 0;    // MOUNT_ATTR_*
  uint64_t clear = 0;  // MOUNT_ATTR_*; MOUNT_ATTR__ATIME where a mode of it is in `set`
};

// man 2 mount_setattr on the mount whose root is `mount`; with `recursive` on all mounts below too.
Status set_attributes(int mount, const Attributes& attributes, bool recursive);

// Changes the propagation of the mount whose root is `mount`; `flag` is one of MS_SHARED, MS_SLAVE, MS_PRIVATE,
// MS_UNBINDABLE, with MS_REC for all mounts below too.
Status set_propagation(int mount, uint64_t flag);

// The number of the mount that `fd` is in, by the kernel's account (man 2 statx, stx_mnt_id): no other mount has it meanwhile.
Result<uint64_t> mount_id(int fd);

// The mount that the directory lies in stops being shared: it becomes a slave, which still gets the host's later mounts but
// passes none of ours on. One that is not shared stays as it is.
Status stop_sharing(int directory);

}  // namespace tsrun
