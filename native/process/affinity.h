// Which processors a process may run on (man 2 sched_setaffinity).
#pragma once

#include "base/context.h"

namespace tsrun {

// affinity {kind, list, count, words of the mask...}: without words on all that its cgroup has (cpuset.cpus), whatever the runtime's caller
// was bound to. `kind` and `list` stand in the error.
Status affinity(Context& context, Arguments arguments);

}  // namespace tsrun
