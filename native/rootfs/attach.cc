#include "rootfs/attach.h"

#include "base/syscalls.h"
#include "rootfs/resolve.h"

namespace tsrun {
namespace {

constexpr uint64_t kRecursive = 1U << 14;  // MS_REC
constexpr uint64_t kSlave = 1U << 19;      // MS_SLAVE
constexpr int kMaxDepth = 4096;

}  // namespace

Result<Fd> clone_tree(int fd, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U);
  Fd tree(sys::open_tree(fd, "", flags));
  if (!tree.valid()) return failed("open_tree");
  return tree;
}

Status attach(int tree, int target) {
  if (sys::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) return failed("move_mount");
  return {};
}

Status set_attributes(int mount, const Attributes& attributes, bool recursive) {
  if (attributes.set == 0 && attributes.clear == 0) return {};
  mount_attr change{};
  change.attr_set = attributes.set;
  change.attr_clr = attributes.clear;
  if (sys::mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U), change) != 0) return failed("mount_setattr");
  return {};
}

Status set_propagation(int mount, uint64_t flag) {
  mount_attr change{};
  change.propagation = flag & ~kRecursive;
  const unsigned flags = AT_EMPTY_PATH | ((flag & kRecursive) != 0 ? AT_RECURSIVE : 0U);
  if (sys::mount_setattr(mount, "", flags, change) != 0) return failed("mount_setattr propagation");
  return {};
}

Result<uint64_t> mount_id(int fd) {
  // struct statx, of which the C library knows nothing: 256 bytes, stx_mnt_id at 144 (linux/stat.h)
  constexpr unsigned kMountId = 0x1000;  // STATX_MNT_ID, Linux 5.8
  alignas(uint64_t) char status[256] = {};
  if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, kMountId, status) != 0) return failed("statx");
  uint64_t id = 0;
  memcpy(&id, status + 144, sizeof id);
  return id;
}

Status stop_sharing(int directory) {
  auto at = directory_of(directory);
  for (int i = 0; i < kMaxDepth && at.ok(); i++) {
    const auto status = set_propagation(at->get(), kSlave);
    // EINVAL: not the root of a mount yet, go up until it is.
    if (status.ok() || status.err() != EINVAL) return status;
    at = parent_of(at->get());
  }
  return {at.ok() ? ELOOP : at.status().err(), "find the mount of a directory"};
}

}  // namespace tsrun
