#include "rootfs/device_host.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/syscalls.h"

namespace tsrun {
namespace {

constexpr const char* kName = "node";

// Of no size to speak of, and owned by our user namespace: in one of the container's devices could not be opened.
Result<Fd> make_file_system() {
  const Fd fs(sys::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!fs.valid()) return failed("fsopen", "tmpfs");
  for (const auto& [key, value] : {std::pair{"mode", "755"}, {"nr_inodes", "4"}, {"size", "4096"}}) {
    if (sys::fsconfig(fs.get(), FSCONFIG_SET_STRING, key, value, 0) != 0) return failed("fsconfig", key);
  }
  if (sys::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return failed("create", "tmpfs");
  Fd mount(sys::fsmount(fs.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
  if (!mount.valid()) return failed("fsmount", "tmpfs");
  return mount;
}

// Our umask belongs to all threads: chmod(2) has the last word instead.
Status make(int directory, const NodeRequest& request) {
  if (mknodat(directory, kName, request.type | request.mode, request.number) != 0) return failed("mknod");
  if (fchownat(directory, kName, request.uid, request.gid, AT_SYMLINK_NOFOLLOW) != 0) return failed("chown");
  if (fchmodat(directory, kName, request.mode, 0) != 0) return failed("chmod");
  return {};
}

Result<Fd> find(const NodeRequest& request) {
  Fd tree(sys::open_tree(AT_FDCWD, request.source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree.valid()) return Status(errno, "it cannot be made here, and the host's cannot be taken: open", request.source);
  struct stat status {};
  if (fstat(tree.get(), &status) != 0) return failed("stat", request.source);
  if ((status.st_mode & S_IFMT) != request.type || status.st_rdev != request.number) {
    return Status(ENODEV, "it cannot be made here, and the host has something else at", request.source);
  }
  return tree;
}

}  // namespace

Result<Fd> make_node(const NodeRequest& request) {
  auto mount = make_file_system();
  if (!mount.ok()) return mount;
  const auto made = make(mount->get(), request);
  if (made.ok()) return mount;
  if (made.err() != EPERM && made.err() != EACCES) return made;
  return find(request);
}

}  // namespace tsrun
