// Clock offsets of a new time namespace (man 7 time_namespaces).
#pragma once

#include "base/context.h"

namespace tsrun {

// timeOffsets {text}: lines of `clock seconds nanoseconds`. Between unshare and the first child: later it is refused.
Status time_offsets(Context& context, Arguments arguments);

}  // namespace tsrun
