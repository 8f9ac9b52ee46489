// Step `mask`.
#pragma once

#include "base/context.h"

namespace tsrun {

// mask {path}: hides what is there: a directory below an empty read-only tmpfs, anything else below the runtime's
// /dev/null. A path that does not exist is fine.
Status mask(Context& context, Arguments arguments);

}  // namespace tsrun
