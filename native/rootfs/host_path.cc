#include "rootfs/host_path.h"

#include <fcntl.h>

#include "base/syscalls.h"

namespace tsrun {
namespace {

constexpr int kDetach = 2;    // MNT_DETACH
constexpr int kNoFollow = 8;  // UMOUNT_NOFOLLOW

}  // namespace

Result<Fd> open_slash() {
  Fd slash(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!slash.valid()) return failed("open", "/");
  return slash;
}

Result<Fd> open_host_directory(const char* path, bool nofollow) {
  Fd directory(open(path, O_PATH | O_CLOEXEC | O_DIRECTORY | (nofollow ? O_NOFOLLOW : 0)));
  if (!directory.valid()) return failed("open", path);
  return directory;
}

Result<Fd> clone_host_path(const char* path, bool recursive) {
  Fd tree(sys::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0U)));
  if (!tree.valid()) return failed("open_tree", path);
  return tree;
}

Status unmount_host_path(const char* path) {
  if (sys::umount2(path, kDetach | kNoFollow) != 0) return failed("umount", path);
  return {};
}

}  // namespace tsrun
