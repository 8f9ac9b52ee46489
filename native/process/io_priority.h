// The I/O scheduling class and priority (man 2 ioprio_set).
#pragma once

#include "base/context.h"

namespace tsrun {

// ioPriority {value}: class in bits 13 to 15, priority below.
Status io_priority(Context& context, Arguments arguments);

}  // namespace tsrun
