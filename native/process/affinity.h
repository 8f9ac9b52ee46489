// Which processors a process may run on (man 2 sched_setaffinity).
#pragma once

#include "base/context.h"

namespace tsrun {

// affinity: on all that its cgroup has (cpuset.cpus), whatever the runtime's caller was bound to.
Status affinity(Context& context, Arguments arguments);

}  // namespace tsrun
