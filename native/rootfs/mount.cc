#include "rootfs/mount.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/conversation.h"
#include "base/syscalls.h"
#include "rootfs/attach.h"
#include "rootfs/copy_up.h"
#include "rootfs/filesystem.h"
#include "rootfs/host_path.h"
#include "rootfs/target.h"

namespace tsrun {
namespace {

constexpr size_t kMaxPropagation = 16;

struct Wanted {
  const char* destination;
  std::string_view kind;
  const char* type;
  const char* source;
  bool inside;   // the source is looked up in the root
  int64_t tree;  // the runtime's number for it; -1: only we open it
  bool tree_if_denied;
  Attributes top;
  uint64_t replace;  // to be cleared at the top as well, where the kernel lets us
  Attributes all;    // it and the mounts below
  uint64_t propagation[kMaxPropagation];
  size_t propagations;
  bool copy_up;
  int64_t idmap;  // slot; -1: none
  bool idmap_all;
  Arguments data;
};

Status read(Arguments arguments, Wanted& wanted) {
  wanted.destination = arguments.text();
  wanted.kind = arguments.text();
  wanted.type = arguments.text();
  wanted.source = arguments.text();
  wanted.inside = arguments.number(1) != 0;
  wanted.tree = arguments.signed_number(INT32_MAX);
  wanted.tree_if_denied = arguments.number(1) != 0;
  wanted.top.set = arguments.number();
  wanted.top.clear = arguments.number();
  wanted.replace = arguments.number();
  wanted.all.set = arguments.number();
  wanted.all.clear = arguments.number();
  wanted.propagations = arguments.count();
  if (wanted.propagations > kMaxPropagation) return {E2BIG, "count the propagation options of", wanted.destination};
  for (size_t i = 0; i < wanted.propagations; i++) wanted.propagation[i] = arguments.number(UINT32_MAX);
  wanted.copy_up = arguments.number(1) != 0;
  wanted.idmap = arguments.signed_number(Slots::kMax);
  wanted.idmap_all = arguments.number(1) != 0;
  const size_t options = arguments.count();
  wanted.data = arguments;
  for (size_t i = 0; i < options; i++) arguments.text();
  return arguments.finish();
}

// A bind mount gets the attributes asked for and no others of its source's, as mount(8) and runc have it. Those that the kernel has
// locked for a user namespace stay (man 7 mount_namespaces): EPERM remains only where they contradict what was asked for.
Status set_top(int tree, Attributes top, uint64_t replace) {
  if (replace != 0) {
    Attributes wide = top;
    wide.clear |= replace;
    const auto status = set_attributes(tree, wide, false);
    if (status.ok() || status.err() != EPERM) return status;
  }
  return set_attributes(tree, top, false);
}

// What is left to be done to a detached mount: `top` are the attributes it does not have yet.
Status complete(const Context& context, const Wanted& wanted, const Attributes& top, int tree) {
  if (wanted.idmap >= 0) {
    mount_attr change{};
    change.attr_set = MOUNT_ATTR_IDMAP;
    change.userns_fd = static_cast<uint64_t>(context.slots.get(static_cast<size_t>(wanted.idmap)));
    if (sys::mount_setattr(tree, "", AT_EMPTY_PATH | (wanted.idmap_all ? AT_RECURSIVE : 0U), change) != 0) {
      return failed("mount_setattr idmap");
    }
  }
  TSRUN_TRY(set_top(tree, top, wanted.replace));
  TSRUN_TRY(set_attributes(tree, wanted.all, true));
  for (size_t i = 0; i < wanted.propagations; i++) TSRUN_TRY(set_propagation(tree, wanted.propagation[i]));
  return {};
}

// Puts it in place; what is mounted on "/" is the root from then on.
Status put(Context& context, Fd tree, const Place& place, std::string_view destination) {
  TSRUN_TRY(attach(tree.get(), place.fd.get()));
  while (!destination.empty() && destination.back() == '/') destination.remove_suffix(1);
  if (destination.empty()) context.root = std::move(tree);
  return {};
}

bool has_mode(Arguments options) {
  while (options.left() > 0) {
    if (strncmp(options.text(), "mode=", 5) == 0) return true;
  }
  return false;
}

void append_octal(Text<16>& text, unsigned value) {
  if (value >= 8) append_octal(text, value / 8);
  const char digit = static_cast<char>('0' + value % 8);
  text.append({&digit, 1});
}

Status mount_new(Context& context, const Wanted& wanted) {
  const std::string_view type(wanted.type);
  Covering covering;
  covering.procfs = type == "proc";
  covering.plain = covering.procfs || type == "sysfs";
  auto place = mount_target(context, wanted.destination, covering);
  TSRUN_TRY(place.status());

  FileSystem system;
  system.type = wanted.type;
  system.source = wanted.source;
  system.options = wanted.data;
  Text<16> mode;
  if (type == "tmpfs" && !place->created && !has_mode(wanted.data)) {
    struct stat status {};
    if (fstat(place->fd.get(), &status) != 0) return failed("stat the directory below");
    append_octal(mode, status.st_mode & 07777);
    system.mode = mode.c_str();
  }
  // Copying needs a mount that can be written; the rest of the flags hold from the start.
  Attributes later;
  later.set = wanted.copy_up ? wanted.top.set & MOUNT_ATTR_RDONLY : 0;
  auto tree = make_file_system(context, system, wanted.top.set & ~later.set);
  TSRUN_TRY(tree.status());
  if (wanted.copy_up) TSRUN_TRY(copy_up(context, place->fd.get(), tree->get()));
  TSRUN_TRY(complete(context, wanted, later, tree->get()));
  return put(context, std::move(*tree), *place, wanted.destination);
}

// A source in the root is found as everything there is: in the root, and with the mounts that came before. What may map its ids
// is the runtime's alone.
Result<Fd> open_inside(Context& context, const Wanted& wanted) {
  auto source = open_in(context.root.get(), wanted.source, O_PATH);
  if (!source.ok()) return source;
  auto tree = clone_tree(source->get(), wanted.kind == "rbind");
  if (!tree.ok()) return tree;
  if (wanted.tree >= 0 && !wanted.tree_if_denied) {
    Text<32> what;
    what.append("map ").append_number(wanted.tree);
    TSRUN_TRY(ask_about(context, what.view(), tree->get()));
  }
  return tree;
}

// A detached copy of the source: by ourselves, or by the runtime, which may go where our user namespace has no say.
Result<Fd> open_source(Context& context, const Wanted& wanted) {
  if (wanted.inside) return open_inside(context, wanted);
  if (wanted.tree < 0 || wanted.tree_if_denied) {
    auto tree = clone_host_path(wanted.source, wanted.kind == "rbind");
    if (tree.ok()) return tree;
    const int err = tree.status().err();
    // EINVAL: the copy would show what a mount of the host's covers, which the kernel locked for our user namespace.
    if (wanted.tree < 0 || (err != EACCES && err != EINVAL)) return tree;
  }
  Text<32> what;
  what.append("tree ").append_number(wanted.tree);
  return ask_descriptor(context, what.view());
}

Status mount_bind(Context& context, const Wanted& wanted) {
  auto source = open_source(context, wanted);
  TSRUN_TRY(source.status());
  Fd tree = std::move(*source);
  struct stat status {};
  struct statfs system {};
  if (fstat(tree.get(), &status) != 0 || fstatfs(tree.get(), &system) != 0) return failed("stat", wanted.source);
  Covering covering;
  covering.kind = S_ISDIR(status.st_mode) ? Kind::directory : Kind::file;
  covering.procfs = system.f_type == PROC_SUPER_MAGIC && status.st_ino == 1;  // PROC_ROOT_INO: not a directory inside it
  auto place = mount_target(context, wanted.destination, covering);
  TSRUN_TRY(place.status());
  TSRUN_TRY(complete(context, wanted, wanted.top, tree.get()));
  return put(context, std::move(tree), *place, wanted.destination);
}

Status remount(Context& context, const Wanted& wanted) {
  auto mounted = open_in(context.root.get(), wanted.destination, O_PATH);
  TSRUN_TRY(mounted.status());
  TSRUN_TRY(reconfigure(mounted->get(), wanted.data));
  return complete(context, wanted, wanted.top, mounted->get());
}

Status carry_out(Context& context, const Wanted& wanted) {
  if (wanted.kind == "new") return mount_new(context, wanted);
  if (wanted.kind == "bind" || wanted.kind == "rbind") return mount_bind(context, wanted);
  if (wanted.kind == "remount") return remount(context, wanted);
  return {EBADMSG, "unknown kind", wanted.kind};
}

}  // namespace

Status mount(Context& context, Arguments arguments) {
  Wanted wanted{};
  TSRUN_TRY(read(arguments, wanted));
  const auto status = carry_out(context, wanted);
  if (status.ok()) return status;
  Text<384> text;
  if (wanted.kind == "remount") {
    text.append("remount");
  } else {
    text.append(wanted.kind == "new" ? "mount " : "bind ").append(wanted.kind == "new" ? wanted.type : wanted.source).append(" on");
  }
  text.append(" ").append(wanted.destination).append(": ").append(status.text());
  return {status.err(), text.view()};
}

}  // namespace tsrun
