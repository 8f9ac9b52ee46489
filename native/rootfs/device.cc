#include "rootfs/device.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/syscalls.h"
#include "rootfs/attach.h"
#include "rootfs/target.h"
#include "rootfs/trusted.h"

namespace tsrun {
namespace {

bool is_device(mode_t mode) { return S_ISCHR(mode) || S_ISBLK(mode); }

mode_t type_of(std::string_view type) {
  if (type == "c") return S_IFCHR;
  if (type == "b") return S_IFBLK;
  return type == "p" ? S_IFIFO : 0;
}

struct Wanted {
  mode_t type;
  dev_t number;
  mode_t mode;
  uid_t uid;
  gid_t gid;
};

Status make(const Context& context, const Entry& entry, const Wanted& wanted) {
  bool made = false;
  {
    const NoUmask exactly;
    made = mknodat(entry.parent.get(), entry.name.c_str(), wanted.type | wanted.mode, wanted.number) == 0;
  }
  if (!made && errno != EEXIST) return failed("mknod");
  // What the name leads to now may be another file than the one just made: only the descriptor counts from here.
  const Fd node(openat(entry.parent.get(), entry.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!node.valid() || fstat(node.get(), &status) != 0) return failed("open");
  const bool same = (status.st_mode & S_IFMT) == wanted.type && (!is_device(wanted.type) || status.st_rdev == wanted.number);
  if (!same) return {EEXIST, "something else is there"};
  if (!made) return {};
  if ((status.st_uid != wanted.uid || status.st_gid != wanted.gid) &&
      fchownat(node.get(), "", wanted.uid, wanted.gid, AT_EMPTY_PATH) != 0) {
    return failed("chown");
  }
  // A default ACL of the directory changes the mode although there is no umask.
  if ((status.st_mode & 07777) != wanted.mode && fchmodat(context.proc.get(), link_of(node.get()).c_str(), wanted.mode, 0) != 0) {
    return failed("chmod");
  }
  return {};
}

Status labelled(const Status& status, std::string_view doing, std::string_view path) {
  if (status.ok()) return {};
  Text<384> text;
  text.append(doing).append(" ").append(path).append(": ").append(status.text());
  return {status.err(), text.view()};
}

}  // namespace

Status device(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  Wanted wanted{};
  wanted.type = type_of(arguments.text());
  const auto major = static_cast<unsigned>(arguments.number(UINT32_MAX));
  const auto minor = static_cast<unsigned>(arguments.number(UINT32_MAX));
  wanted.mode = static_cast<mode_t>(arguments.number(07777));
  wanted.uid = static_cast<uid_t>(arguments.number(UINT32_MAX));
  wanted.gid = static_cast<gid_t>(arguments.number(UINT32_MAX));
  TSRUN_TRY(arguments.finish());
  if (wanted.type == 0) return {EBADMSG, "unknown type of device", path};
  wanted.number = is_device(wanted.type) ? makedev(major, minor) : 0;

  // /dev itself may be a symlink in the image; it is followed inside the root, so no node lands on the host.
  auto entry = entry_in(context.root.get(), path);
  TSRUN_TRY(entry.status());
  return labelled(make(context, *entry, wanted), "make device", path);
}

Status bind_device(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  const char* source = arguments.text();
  TSRUN_TRY(arguments.finish());
  const Fd tree(sys::open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree.valid()) return failed("open device", source);
  struct stat status {};
  if (fstat(tree.get(), &status) != 0) return failed("stat", source);
  if (!is_device(status.st_mode)) return {ENODEV, "bind", source};
  Covering covering;
  covering.kind = Kind::file;
  auto place = mount_target(context, path, covering);
  TSRUN_TRY(place.status());
  return labelled(attach(tree.get(), place->fd.get()), "bind device", path);
}

}  // namespace tsrun
