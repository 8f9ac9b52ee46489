// The memory policy of a process (man 2 set_mempolicy): from which NUMA nodes its pages come.
#pragma once

#include "base/context.h"

namespace tsrun {

// memoryPolicy {name, mode, count, words of the mask of nodes...}: `name` stands in the error; `mode` has the flags, too.
Status memory_policy(Context& context, Arguments arguments);

}  // namespace tsrun
