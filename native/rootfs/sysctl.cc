#include "rootfs/sysctl.h"

#include <climits>

#include "base/syscalls.h"

namespace tsrun {

Status sysctl(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  const char* value = arguments.text();
  TSRUN_TRY(arguments.finish());
  if (strlen(path) > PATH_MAX - 8) return {ENAMETOOLONG, "write sysctl", path};
  Text<PATH_MAX> name;
  name.append("sys/").append(path);
  // From the verified procfs and nowhere else: a /proc/sys that is a symlink or a mount of the container's making would
  // turn the write into one to a file of its choice (CVE-2025-52881).
  constexpr uint64_t kOnlyProcfs = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  const Fd file(sys::openat2(context.proc.get(), name.c_str(), O_WRONLY | O_CLOEXEC, 0, kOnlyProcfs));
  if (!file.valid()) return failed("open sysctl", path);
  if (write(file.get(), value, strlen(value)) < 0) {
    Text<320> what;
    what.append(path).append(" = ").append(value);
    return failed("write sysctl", what.view());
  }
  return {};
}

}  // namespace tsrun
