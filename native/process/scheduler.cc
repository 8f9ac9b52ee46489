#include "process/scheduler.h"

#include "base/syscalls.h"

namespace tsrun {
namespace {

// struct sched_attr of linux/sched/types.h, whose header clashes with the C library's sched.h.
struct SchedAttr {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime;
  uint64_t deadline;
  uint64_t period;
};
static_assert(sizeof(SchedAttr) == 48);  // SCHED_ATTR_SIZE_VER0

}  // namespace

Status scheduler(Context&, Arguments arguments) {
  SchedAttr attributes = {};
  attributes.size = sizeof attributes;
  attributes.policy = static_cast<uint32_t>(arguments.number(UINT32_MAX));
  attributes.flags = arguments.number();
  attributes.nice = static_cast<int32_t>(arguments.signed_number(INT32_MAX));
  attributes.priority = static_cast<uint32_t>(arguments.number(UINT32_MAX));
  attributes.runtime = arguments.number();
  attributes.deadline = arguments.number();
  attributes.period = arguments.number();
  TSRUN_TRY(arguments.finish());
  // Others with our user can change it within what they may themselves, once they have a number for us: nothing of ours depends on it.
  if (sys::sched_setattr(0, &attributes, 0) != 0) return failed("set scheduler");
  return {};
}

}  // namespace tsrun
