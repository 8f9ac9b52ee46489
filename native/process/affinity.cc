#include "process/affinity.h"

#include <cstring>

#include "base/mask.h"
#include "base/syscalls.h"

namespace tsrun {

Status affinity(Context&, Arguments arguments) {
  const std::string_view kind = arguments.text();
  const char* list = arguments.text();
  Mask cpus = mask_of(arguments);
  TSRUN_TRY(arguments.finish());
  if (cpus.count == 0) {
    // The kernel takes of it what the cgroup has; more bits than it has processors do no harm.
    cpus.count = Mask::kMax;
    memset(cpus.words, 0xff, cpus.bytes());
  }
  // Others with our user can set it again once they have a number for us, as they can their own: what confines is the cgroup's cpuset.
  if (syscall(SYS_sched_setaffinity, 0, cpus.bytes(), cpus.words) == 0) return {};
  if (kind.empty()) return failed("sched_setaffinity");
  Text<64> doing;
  return failed(doing.append("set ").append(kind).append(" CPU affinity").view(), list);
}

}  // namespace tsrun
