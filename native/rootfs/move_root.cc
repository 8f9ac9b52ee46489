#include "rootfs/move_root.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/statfs.h>

#include <climits>

#include "base/procfs.h"
#include "base/syscalls.h"
#include "rootfs/attach.h"
#include "rootfs/filesystem.h"
#include "rootfs/host_path.h"
#include "rootfs/resolve.h"
#include "rootfs/trusted.h"

namespace tsrun {
namespace {

constexpr uint64_t kSlave = 1U << 19;      // MS_SLAVE
constexpr uint64_t kRecursive = 1U << 14;  // MS_REC

// Pages of its own, which are gone with it: a process that others can see may come of ours (ns/pid.cc).
struct Buffer {
  char* data = nullptr;
  size_t size = 0;
  size_t capacity = 0;
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (data != nullptr) munmap(data, capacity);
  }
  bool grow() {
    const size_t more = capacity + (1U << 16);
    void* pages = data == nullptr ? mmap(nullptr, more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                  : mremap(data, capacity, more, MREMAP_MAYMOVE);
    if (pages == MAP_FAILED) return false;
    data = static_cast<char*>(pages);
    capacity = more;
    return true;
  }
};

// All of it before anything is unmounted: the file is made anew with every read(2).
Status read_mounts(Context& context, Buffer& buffer) {
  auto file = open_own_proc(context, "mountinfo", O_RDONLY);
  TSRUN_TRY(file.status());
  for (;;) {
    if (buffer.size == buffer.capacity && !buffer.grow()) return failed("read", "/proc/self/mountinfo");
    const ssize_t size = read(file->get(), buffer.data + buffer.size, buffer.capacity - buffer.size);
    if (size < 0) return failed("read", "/proc/self/mountinfo");
    if (size == 0) return {};
    buffer.size += static_cast<size_t>(size);
  }
}

std::string_view take(std::string_view& rest, char end) {
  const size_t found = rest.find(end);
  const size_t at = found == std::string_view::npos ? rest.size() : found;
  const std::string_view taken(rest.data(), at);
  rest.remove_prefix(at < rest.size() ? at + 1 : at);
  return taken;
}

// Space, tab, newline and backslash are written as three octal digits (man 5 proc_pid_mountinfo).
void unescape(std::string_view escaped, Text<PATH_MAX>& path) {
  for (size_t i = 0; i < escaped.size(); i++) {
    char c = escaped[i];
    if (c == '\\' && i + 3 < escaped.size()) {
      c = static_cast<char>((escaped[i + 1] - '0') * 64 + (escaped[i + 2] - '0') * 8 + (escaped[i + 3] - '0'));
      i += 3;
    }
    path.append({&c, 1});
  }
}

bool is_kernel_state(int fd) {
  struct statfs system {};
  return fstatfs(fd, &system) == 0 && (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC);
}

// Names in our own copy of the host's mounts, below which no image is: those inside the root are left out.
Status hide(const Context& context, const char* path) {
  auto mounted = open_host_directory(path, true);
  // Gone with one above it, or below something else and not to be reached.
  if (!mounted.ok() || !is_kernel_state(mounted->get())) return {};
  auto parent = parent_of(mounted->get());
  TSRUN_TRY(parent.status());
  // Not to be unmounted on the host as well.
  TSRUN_TRY(set_propagation(mounted->get(), kSlave | kRecursive));
  TSRUN_TRY(stop_sharing(parent->get()));
  const auto unmounted = unmount_host_path(path);
  if (unmounted.ok() || (unmounted.err() != EINVAL && unmounted.err() != EPERM)) return unmounted;
  FileSystem system;
  system.type = "tmpfs";
  auto cover = make_file_system(context, system, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  TSRUN_TRY(cover.status());
  return attach(cover->get(), mounted->get());
}

// A user namespace made in the container could otherwise mount new ones, unmasked: the kernel allows a file system that it
// finds fully visible in the mount namespace, even where nobody can reach it.
Status hide_kernel_state(Context& context) {
  char buffer[PATH_MAX];
  auto found = path_of(context, context.root.get(), buffer);
  TSRUN_TRY(found.status());
  const std::string_view root = found->empty() ? std::string_view("/") : *found;
  Buffer mounts;
  TSRUN_TRY(read_mounts(context, mounts));
  for (std::string_view rest(mounts.data, mounts.size); !rest.empty();) {
    auto line = take(rest, '\n');
    for (int i = 0; i < 3; i++) take(line, ' ');
    const auto top = take(line, ' ');
    const auto escaped = take(line, ' ');
    while (!line.empty() && take(line, ' ') != "-") {
    }
    const auto type = take(line, ' ');
    if (top != "/" || (type != "proc" && type != "sysfs")) continue;
    Text<PATH_MAX> path;
    unescape(escaped, path);
    const bool inside = path.view().starts_with(root) && (path.view().size() == root.size() || path.view()[root.size()] == '/');
    if (!inside) TSRUN_TRY(hide(context, path.c_str()));
  }
  return {};
}

Status enter(Context& context) {
  context.empty.reset();
  if (fchdir(context.root.get()) != 0) return failed("chdir to the root");
  if (::chroot(".") != 0) return failed("chroot");
  if (chdir("/") != 0) return failed("chdir", "/");
  return {};
}

}  // namespace

Status move_root(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  TSRUN_TRY(hide_kernel_state(context));
  auto old = open_slash();
  TSRUN_TRY(old.status());
  TSRUN_TRY(attach(context.root.get(), old->get()));
  return enter(context);
}

Status chroot(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  return enter(context);
}

}  // namespace tsrun
