#include "base/procfs.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/syscalls.h"

namespace tsrun {

Result<Fd> open_proc(Context& context, const char* path, int flags) {
  constexpr uint64_t kResolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  Fd fd(sys::openat2(context.proc.get(), path, static_cast<uint64_t>(flags) | O_CLOEXEC, 0, kResolve));
  if (!fd.valid()) {
    const int err = errno;
    Text<160> doing;
    return Status(err, doing.append("open /proc/").append(path).view());
  }
  return fd;
}

Result<Fd> open_own_proc(Context& context, const char* name, int flags) {
  char pid[32];
  const ssize_t length = readlinkat(context.proc.get(), "self", pid, sizeof pid - 1);
  if (length <= 0) return failed("readlink", "/proc/self");
  Text<128> path;
  path.append({pid, static_cast<size_t>(length)}).append("/").append(name);
  return open_proc(context, path.c_str(), flags);
}

Status write_own_proc_file(Context& context, const char* name, std::string_view text) {
  auto fd = open_own_proc(context, name, O_WRONLY);
  TSRUN_TRY(fd.status());
  if (write(fd->get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    const int err = errno;
    Text<160> doing;
    return {err, doing.append("write /proc/self/").append(name).view()};
  }
  return {};
}

}  // namespace tsrun
