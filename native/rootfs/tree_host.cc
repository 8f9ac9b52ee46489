#include "rootfs/tree_host.h"

#include <fcntl.h>

#include "base/syscalls.h"

namespace tsrun {
namespace {

constexpr uint64_t kRecursive = 1U << 14;  // MS_REC

}  // namespace

Result<Fd> open_tree(const TreeRequest& request) {
  const unsigned below = request.recursive ? AT_RECURSIVE : 0U;
  Fd tree(sys::open_tree(AT_FDCWD, request.source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | below));
  if (!tree.valid()) return failed("open_tree", request.source);
  if (request.propagation != 0) {
    mount_attr change{};
    change.propagation = request.propagation & ~kRecursive;
    const unsigned all = (request.propagation & kRecursive) != 0 ? AT_RECURSIVE : 0U;
    if (sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH | all, change) != 0) return failed("mount_setattr propagation");
  }
  if (request.user_namespace >= 0) {
    const auto mapped = give_mappings(tree.get(), request.user_namespace, request.idmap_recursive);
    if (!mapped.ok()) return mapped;
  }
  return tree;
}

Status give_mappings(int tree, int user_namespace, bool recursive) {
  mount_attr change{};
  change.attr_set = MOUNT_ATTR_IDMAP;
  change.userns_fd = static_cast<uint64_t>(user_namespace);
  if (sys::mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U), change) != 0) return failed("mount_setattr idmap");
  return {};
}

}  // namespace tsrun
