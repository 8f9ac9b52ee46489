#include "process/cwd.h"

#include <unistd.h>

#include "base/syscalls.h"

namespace tsrun {

Status cwd(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  const bool early = arguments.number(1) != 0;
  TSRUN_TRY(arguments.finish());
  if (context.cwd_entered) return {};
  // The image may have made it a symlink to /proc/self/fd/N, a descriptor of ours: what is outside of the root is seen below.
  // By path and not by descriptor: the container's own limit may leave us none. Where we ended up is what counts.
  if (chdir(path) != 0) {
    const int err = errno;
    if (early && (err == EACCES || err == EPERM)) return {};
    Text<384> doing;
    doing.append("chdir to cwd (\"").append({path, strnlen(path, 256)}).append("\") set in config.json failed");
    return {err, doing.view()};
  }
  // The raw call: a directory that is not reachable from our root comes back as "(unreachable)/..." (man 3 getcwd).
  char real[4096];
  if (syscall(SYS_getcwd, real, sizeof real) < 0) return failed("get the working directory after chdir to", path);
  if (real[0] != '/') return {EPERM, "current working directory is outside of the container's root"};
  context.cwd_entered = true;
  return {};
}

}  // namespace tsrun
