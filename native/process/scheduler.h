// The scheduling policy and its parameters (man 2 sched_setattr).
#pragma once

#include "base/context.h"

namespace tsrun {

// scheduler {policy, flags, nice, priority, runtime, deadline, period}: SCHED_* and SCHED_FLAG_*, times in nanoseconds.
// EPERM, EBUSY and EINVAL as in the man page.
Status scheduler(Context& context, Arguments arguments);

}  // namespace tsrun
