#include "rootfs/device.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/conversation.h"
#include "base/syscalls.h"
#include "rootfs/attach.h"
#include "rootfs/filesystem.h"
#include "rootfs/host_path.h"
#include "rootfs/target.h"
#include "rootfs/trusted.h"

namespace tsrun {
namespace {

// The name of the node in the file system that the runtime makes for it (rootfs/device_host.cc).
constexpr const char* kMade = "node";

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

bool is_same(const struct stat& status, const Wanted& wanted) {
  return (status.st_mode & S_IFMT) == wanted.type && (!is_device(wanted.type) || status.st_rdev == wanted.number);
}

void append_octal(Text<384>& text, unsigned value) {
  if (value >= 8) append_octal(text, value / 8);
  const char digit = static_cast<char>('0' + value % 8);
  text.append({&digit, 1});
}

Status refused(const struct stat& status) {
  Text<384> text;
  text.append("it is there with mode ");
  append_octal(text, status.st_mode & 07777);
  text.append(" and owner ").append_number(status.st_uid).append(":").append_number(status.st_gid);
  return {EEXIST, text.view()};
}

// Mode and owner as asked. A node that was there before is changed only if it is the image's own: one that came with a mount is
// somebody else's as well, most likely the host's.
Status equip(const Context& context, const Fd& node, const struct stat& status, const Wanted& wanted, bool made) {
  const bool owned = status.st_uid == wanted.uid && status.st_gid == wanted.gid;
  // A default ACL of the directory changes the mode although there is no umask.
  if (owned && (status.st_mode & 07777) == wanted.mode) return {};
  if (!made) {
    const auto root = mount_id(context.root.get());
    TSRUN_TRY(root.status());
    const auto own = mount_id(node.get());
    TSRUN_TRY(own.status());
    if (own.value() != root.value()) return refused(status);
  }
  if (!owned && fchownat(node.get(), "", wanted.uid, wanted.gid, AT_EMPTY_PATH) != 0) return failed("chown");
  return change_mode(context, node.get(), wanted.mode);
}

Status make(const Context& context, const Entry& entry, const Wanted& wanted) {
  auto made = make_node(entry, wanted.type | wanted.mode, wanted.number);
  TSRUN_TRY(made.status());
  // What the name leads to now may be another file than the one just made: only the descriptor counts from here.
  auto node = open_entry(entry);
  TSRUN_TRY(node.status());
  struct stat status {};
  if (fstat(node->get(), &status) != 0) return failed("stat");
  if (!is_same(status, wanted)) return {EEXIST, "something else is there"};
  return equip(context, *node, status, wanted, *made);
}

Status find(const Context& context, const char* path, const Wanted& wanted) {
  auto node = open_in(context.root.get(), path, O_PATH);
  if (!node.ok()) return {node.status().err(), "the config lists it, and /dev is bound from elsewhere without it"};
  struct stat status {};
  if (fstat(node->get(), &status) != 0) return failed("stat");
  return is_same(status, wanted) ? Status() : Status(EEXIST, "the /dev that is bound has something else there");
}

Status labelled(const Status& status, std::string_view doing, std::string_view path) {
  if (status.ok()) return {};
  Text<384> text;
  text.append(doing).append(" ").append(path).append(": ").append(status.text());
  return {status.err(), text.view()};
}

// A detached mount of the node: the host's, or one that the runtime has made, or found where it may make none.
Result<Fd> node_of(const Context& context, const char* source, int64_t made) {
  if (made < 0) {
    auto tree = clone_host_path(source, false);
    if (tree.ok()) return tree;
    return Status(tree.status().err(), "it cannot be made in a user namespace, and the host's cannot be taken: open", source);
  }
  Text<32> what;
  what.append("device ").append_number(made);
  auto tree = ask_descriptor(context, what.view());
  if (!tree.ok()) return tree;
  struct stat status {};
  if (fstat(tree->get(), &status) != 0) return failed("stat");
  if (!S_ISDIR(status.st_mode)) return tree;
  Stacked stacked;
  TSRUN_TRY(stacked.on_root(context, std::move(*tree)));
  auto node = stacked.take(kMade);
  TSRUN_TRY(node.status());
  TSRUN_TRY(stacked.unmount());
  return node;
}

Status bind(const Context& context, const char* path, const char* source, const Wanted& wanted, int64_t made) {
  auto tree = node_of(context, source, made);
  TSRUN_TRY(tree.status());
  struct stat status {};
  if (fstat(tree->get(), &status) != 0) return failed("stat", source);
  // By descriptor: what has the name on the host may be another device, or become one.
  if (!is_same(status, wanted)) return {ENODEV, "it cannot be made in a user namespace, and the host has something else at", source};
  Attributes change;
  change.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
  TSRUN_TRY(set_attributes(tree->get(), change, false));
  Covering covering;
  covering.kind = Kind::file;
  auto place = mount_target(context, path, covering);
  TSRUN_TRY(place.status());
  return attach(tree->get(), place->fd.get());
}

Wanted numbers(Arguments& arguments) {
  Wanted wanted{};
  wanted.type = type_of(arguments.text());
  const auto major = static_cast<unsigned>(arguments.number(UINT32_MAX));
  const auto minor = static_cast<unsigned>(arguments.number(UINT32_MAX));
  wanted.number = is_device(wanted.type) ? makedev(major, minor) : 0;
  return wanted;
}

}  // namespace

Status device(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  Wanted wanted = numbers(arguments);
  wanted.mode = static_cast<mode_t>(arguments.number(07777));
  wanted.uid = static_cast<uid_t>(arguments.number(UINT32_MAX));
  wanted.gid = static_cast<gid_t>(arguments.number(UINT32_MAX));
  const bool found = arguments.number(1) != 0;
  TSRUN_TRY(arguments.finish());
  if (wanted.type == 0) return {EBADMSG, "unknown type of device", path};
  if (found) return labelled(find(context, path, wanted), "find device", path);

  // /dev itself may be a symlink in the image; it is followed inside the root, so no node lands on the host.
  auto entry = entry_in(context.root.get(), path);
  TSRUN_TRY(entry.status());
  return labelled(make(context, *entry, wanted), "make device", path);
}

Status bind_device(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  const char* source = arguments.text();
  const Wanted wanted = numbers(arguments);
  const int64_t made = arguments.signed_number(INT32_MAX);
  TSRUN_TRY(arguments.finish());
  if (!is_device(wanted.type)) return {EBADMSG, "unknown type of device", path};
  return labelled(bind(context, path, source, wanted, made), "bind device", path);
}

}  // namespace tsrun
