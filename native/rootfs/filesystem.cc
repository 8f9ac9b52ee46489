#include "rootfs/filesystem.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <climits>

#include "base/syscalls.h"
#include "rootfs/attach.h"
#include "rootfs/proc_instance.h"
#include "rootfs/trusted.h"

namespace tsrun {
namespace {

constexpr size_t kMaxValue = 255;               // fsconfig(2) takes 256 bytes with the NUL
constexpr int kDetach = 2;                      // MNT_DETACH
constexpr unsigned long kIversion = 1UL << 23;  // MS_I_VERSION: fsconfig(2) has no word for it

bool is_iversion(const char* option) { return std::string_view(option) == "iversion"; }

struct Option {
  Text<kMaxValue + 1> key;
  const char* value = nullptr;  // nullptr: a flag
};

Option split(const char* option) {
  Option result;
  const char* equals = strchr(option, '=');
  result.key.append(equals == nullptr ? std::string_view(option) : std::string_view(option, static_cast<size_t>(equals - option)));
  if (equals != nullptr) result.value = equals + 1;
  return result;
}

bool fits(const char* option) {
  const char* equals = strchr(option, '=');
  if (equals == nullptr) return strlen(option) <= kMaxValue;
  return static_cast<size_t>(equals - option) <= kMaxValue && strlen(equals + 1) <= kMaxValue;
}

// The call that has just failed, with the errors the file system left to be read (man 2 fsopen, "message log").
Status explained(int fs, std::string_view doing, std::string_view object = {}) {
  const int err = errno;
  Text<320> text;
  text.append(doing);
  if (!object.empty()) text.append(" ").append(object);
  char message[256];
  bool first = true;
  for (ssize_t size = 0; (size = read(fs, message, sizeof message)) > 0;) {
    std::string_view line(message, static_cast<size_t>(size));
    if (!line.starts_with("e ")) continue;
    line.remove_prefix(2);
    while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
    text.append(first ? " (" : "; ").append(line);
    first = false;
  }
  if (!first) text.append(")");
  return {err, text.view()};
}

Status set_option(int fs, const char* option) {
  const auto pair = split(option);
  const unsigned command = pair.value == nullptr ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
  if (sys::fsconfig(fs, command, pair.key.c_str(), pair.value, 0) != 0) return explained(fs, "fsconfig", option);
  return {};
}

bool all_fit(const FileSystem& wanted) {
  if (strlen(wanted.source) > kMaxValue) return false;
  for (Arguments options = wanted.options; options.left() > 0;) {
    const char* option = options.text();
    if (!fits(option) || is_iversion(option)) return false;
  }
  return true;
}

// Whether a value has a comma that is not behind a backslash: among others it stands in quotes then (context="...").
bool has_bare_comma(const char* option) {
  for (; *option != 0; option++) {
    if (*option == ',') return true;
    if (*option == '\\' && option[1] != 0) option++;
  }
  return false;
}

// The options as mount(2) takes them: joined with commas, a page at most. MS_* of those that are flags there.
Status join(const FileSystem& wanted, Text<PATH_MAX + 1>& text, unsigned long& flags) {
  size_t size = 0;
  const auto add = [&](std::string_view option) {
    if (size > 0) text.append(",");
    text.append(option);
    size += option.size() + 1;
  };
  if (wanted.mode != nullptr) {
    Text<16> mode;
    add(mode.append("mode=").append(wanted.mode).view());
  }
  for (Arguments options = wanted.options; options.left() > 0;) {
    const char* option = options.text();
    const char* value = strchr(option, '=');
    if (is_iversion(option)) {
      flags |= kIversion;
    } else if (value != nullptr && has_bare_comma(value)) {
      add(std::string_view(option, static_cast<size_t>(value + 1 - option)));
      text.append("\"").append(value + 1).append("\"");
      size += strlen(value + 1) + 2;
    } else {
      add(option);
    }
  }
  if (size > PATH_MAX) return {E2BIG, "mount options of more than a page for", wanted.type};
  return {};
}

// mount(2) takes longer values than fsconfig(2) but wants a path and attaches at once. So it gets a directory of a tmpfs
// that only we know, stacked on the root for the time being, and the result is copied off it.
Result<Fd> make_by_mount(const Context& context, const FileSystem& wanted, uint64_t attributes) {
  Text<PATH_MAX + 1> options;
  unsigned long flags = 0;
  TSRUN_TRY(join(wanted, options, flags));

  FileSystem empty;
  empty.type = "tmpfs";
  auto scratch = make_file_system(context, empty, MOUNT_ATTR_NODEV);
  if (!scratch.ok()) return scratch;
  if (mkdirat(scratch->get(), "m", 0700) != 0) return failed("mkdir for", wanted.type);
  Fd directory(openat(scratch->get(), "m", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.valid()) return failed("open for", wanted.type);
  Stacked stacked;
  TSRUN_TRY(stacked.on_root(context, std::move(*scratch)));

  Text<48> path;
  path.append("/proc/").append(link_of(directory.get()).view());
  if (sys::mount(wanted.source, path.c_str(), wanted.type, flags, options.c_str()) != 0) return failed("mount", wanted.type);
  auto tree = stacked.take("m");
  TSRUN_TRY(tree.status());
  TSRUN_TRY(stacked.unmount());
  // Nobody can have reached it without these: it is detached.
  Attributes change;
  change.set = attributes;
  if ((attributes & MOUNT_ATTR__ATIME) != 0) change.clear = MOUNT_ATTR__ATIME;
  TSRUN_TRY(set_attributes(tree->get(), change, false));
  return tree;
}

Result<Fd> open_context(const char* type) {
  Fd fs(sys::fsopen(type, FSOPEN_CLOEXEC));
  if (!fs.valid()) return failed("fsopen", type);
  return fs;
}

}  // namespace

Status Stacked::on_root(const Context& context, Fd mount) {
  mount_ = std::move(mount);
  TSRUN_TRY(attach(mount_.get(), context.root.get()));
  attached_ = true;
  return {};
}

Result<Fd> Stacked::take(const char* name) const {
  Fd tree(sys::open_tree(mount_.get(), name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree.valid()) return failed("open_tree", name);
  return tree;
}

Status Stacked::unmount() {
  if (!std::exchange(attached_, false)) return {};
  Text<48> path;
  path.append("/proc/").append(link_of(mount_.get()).view());
  if (sys::umount2(path.c_str(), kDetach) != 0) return failed("umount what was stacked on the root");
  return {};
}

Stacked::~Stacked() { (void)unmount(); }

Result<Fd> make_file_system(const Context& context, const FileSystem& wanted, uint64_t attributes) {
  // While we are not yet in the container's pid namespace, a procfs that is simply mounted would be one of the host's.
  const bool others = context.pid_namespace >= 0 && std::string_view(wanted.type) == "proc";
  if (!all_fit(wanted)) {
    if (others) return Status(E2BIG, "mount options too long for", wanted.type);
    return make_by_mount(context, wanted, attributes);
  }
  Result<Fd> opened = others ? open_proc_instance(context) : open_context(wanted.type);
  TSRUN_TRY(opened.status());
  const Fd& fs = *opened;
  if (*wanted.source != 0 && sys::fsconfig(fs.get(), FSCONFIG_SET_STRING, "source", wanted.source, 0) != 0) {
    return explained(fs.get(), "fsconfig source", wanted.source);
  }
  if (wanted.mode != nullptr && sys::fsconfig(fs.get(), FSCONFIG_SET_STRING, "mode", wanted.mode, 0) != 0) {
    return explained(fs.get(), "fsconfig mode", wanted.mode);
  }
  for (Arguments options = wanted.options; options.left() > 0;) TSRUN_TRY(set_option(fs.get(), options.text()));
  if (sys::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return explained(fs.get(), "create", wanted.type);
  Fd mount(sys::fsmount(fs.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
  if (!mount.valid()) return explained(fs.get(), "fsmount", wanted.type);
  if (others) TSRUN_TRY(is_procfs_of_another(mount.get()));
  return mount;
}

Status reconfigure(int mount, Arguments options) {
  if (options.left() == 0) return {};
  Fd fs(sys::fspick(mount, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH));
  if (!fs.valid()) return failed("fspick");
  while (options.left() > 0) TSRUN_TRY(set_option(fs.get(), options.text()));
  if (sys::fsconfig(fs.get(), FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0) != 0) return explained(fs.get(), "reconfigure");
  return {};
}

}  // namespace tsrun
