#include "process/affinity.h"

#include <cstring>

#include "base/syscalls.h"

namespace tsrun {

Status affinity(Context&, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  // The kernel takes of it what the cgroup has; more bits than it has processors do no harm.
  unsigned char all[1024];
  memset(all, 0xff, sizeof all);
  // Others with our user can set it again once they have a number for us, as they can their own: what confines is the cgroup's cpuset.
  if (syscall(SYS_sched_setaffinity, 0, sizeof all, all) != 0) return failed("sched_setaffinity");
  return {};
}

}  // namespace tsrun
