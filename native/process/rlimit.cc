#include "process/rlimit.h"

#include <unistd.h>

#include "base/syscalls.h"

namespace tsrun {
namespace {

// By number, as in asm-generic/resource.h.
constexpr std::string_view kNames[] = {
    "RLIMIT_CPU",      "RLIMIT_FSIZE",  "RLIMIT_DATA",    "RLIMIT_STACK",  "RLIMIT_CORE",  "RLIMIT_RSS",
    "RLIMIT_NPROC",    "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS",     "RLIMIT_LOCKS", "RLIMIT_SIGPENDING",
    "RLIMIT_MSGQUEUE", "RLIMIT_NICE",   "RLIMIT_RTPRIO",  "RLIMIT_RTTIME",
};

}  // namespace

Status rlimit(Context&, Arguments arguments) {
  const auto resource = arguments.number(INT32_MAX);
  // The kernel's struct rlimit64: always 64 bits, whatever the C library's rlim_t is.
  struct {
    uint64_t soft, hard;
  } limit = {};
  limit.soft = arguments.number();
  limit.hard = arguments.number();
  TSRUN_TRY(arguments.finish());
  // Another's prlimit(2) on us takes all our ids, or CAP_SYS_RESOURCE. What is counted by user (RLIMIT_NPROC and others) the container's
  // processes may have used up: a later call fails then, and its step says so.
  if (syscall(SYS_prlimit64, 0, resource, &limit, nullptr) != 0) {
    return failed("set limit", resource < std::size(kNames) ? kNames[resource] : "of an unknown number");
  }
  return {};
}

}  // namespace tsrun
