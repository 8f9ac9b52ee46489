// Resource limits (man 2 getrlimit).
#pragma once

#include "base/context.h"

namespace tsrun {

// rlimit {resource, soft, hard}: sets one limit of our own. 18446744073709551615 is RLIM_INFINITY.
Status rlimit(Context& context, Arguments arguments);

}  // namespace tsrun
