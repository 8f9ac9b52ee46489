// Step `pivotRoot`.
#pragma once

#include "base/context.h"

namespace tsrun {

// pivotRoot: the root becomes "/" and the host's mounts go away from this namespace (man 2 pivot_root). The working
// directory is "/" afterwards.
Status pivot_root(Context& context, Arguments arguments);

}  // namespace tsrun
