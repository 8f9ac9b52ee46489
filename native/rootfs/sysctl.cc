#include "rootfs/sysctl.h"

#include <fcntl.h>
#include <unistd.h>

#include <climits>

#include "base/procfs.h"

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
  auto file = open_proc(context, name.c_str(), O_WRONLY);
  if (!file.ok()) return {file.status().err(), "open sysctl", path};
  if (write(file->get(), value, strlen(value)) < 0) {
    Text<320> what;
    what.append(path).append(" = ").append(value);
    return failed("write sysctl", what.view());
  }
  return {};
}

}  // namespace tsrun
