#include "rootfs/attach.h"

#include "base/syscalls.h"

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

Status stop_sharing(int directory) {
  Fd at(openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < kMaxDepth && at.valid(); i++) {
    const auto status = set_propagation(at.get(), kSlave);
    // EINVAL: not the root of a mount yet, go up until it is.
    if (status.ok() || status.err() != EINVAL) return status;
    at.reset(openat(at.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  return at.valid() ? Status(ELOOP, "find the mount of a directory") : failed("find the mount of a directory");
}

}  // namespace tsrun
