#include "process/cwd.h"

#include <unistd.h>

#include "base/syscalls.h"

namespace tsrun {

Status cwd(Context&, Arguments arguments) {
  const char* path = arguments.text();
  TSRUN_TRY(arguments.finish());
  // By path and not by descriptor: the container's own limit may leave us none. Where we ended up is what counts.
  if (chdir(path) != 0) {
    const int err = errno;
    Text<384> doing;
    doing.append("chdir to cwd (\"").append({path, strnlen(path, 256)}).append("\") set in config.json failed");
    return {err, doing.view()};
  }
  // The raw call: a directory that is not reachable from our root comes back as "(unreachable)/..." (man 3 getcwd).
  char real[4096];
  if (syscall(SYS_getcwd, real, sizeof real) < 0) return failed("get the working directory after chdir to", path);
  if (real[0] != '/') return {EPERM, "current working directory is outside of the container's root"};
  return {};
}

}  // namespace tsrun
