#include "rootfs/trusted.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

namespace tsrun {
namespace {

constexpr ino_t kProcRoot = 1;  // PROC_ROOT_INO: a bind of some deeper procfs directory has another number

Result<Fd> proc() {
  Fd fd(open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return failed("open", "/proc");
  struct statfs system {};
  struct stat status {};
  if (fstatfs(fd.get(), &system) != 0 || fstat(fd.get(), &status) != 0) return failed("stat", "/proc");
  if (system.f_type != PROC_SUPER_MAGIC || status.st_ino != kProcRoot) return Status(ENODEV, "verify that procfs is on", "/proc");
  return fd;
}

}  // namespace

Result<Fd> open_null() {
  Fd fd(open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return failed("open", "/dev/null");
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return failed("stat", "/dev/null");
  if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3)) return Status(ENODEV, "verify", "/dev/null");
  return fd;
}

Status open_trusted(Context& context) {
  auto procfs = proc();
  TSRUN_TRY(procfs.status());
  context.proc = std::move(*procfs);
  return {};
}

Status open_trusted_null(Context& context) {
  auto device = open_null();
  TSRUN_TRY(device.status());
  context.null = std::move(*device);
  return {};
}

Result<Fd> reopen(const Context& context, int fd, int flags) {
  Fd file(openat(context.proc.get(), link_of(fd).c_str(), flags | O_CLOEXEC));
  if (!file.valid()) return failed("open");
  return file;
}

Status change_mode(const Context& context, int fd, unsigned mode) {
  if (fchmodat(context.proc.get(), link_of(fd).c_str(), mode, 0) != 0) return failed("chmod");
  return {};
}

Result<std::string_view> path_of(const Context& context, int fd, char (&buffer)[PATH_MAX]) {
  const ssize_t size = readlinkat(context.proc.get(), link_of(fd).c_str(), buffer, sizeof buffer);
  if (size < 0 || size == sizeof buffer) return failed("readlink", link_of(fd).view());
  std::string_view path(buffer, static_cast<size_t>(size));
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return path;
}

Text<32> link_of(int fd) {
  Text<32> path;
  path.append("self/fd/").append_number(fd);
  return path;
}

}  // namespace tsrun
