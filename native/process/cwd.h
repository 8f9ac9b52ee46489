// The working directory of the user's program.
#pragma once

#include "base/context.h"

namespace tsrun {

// cwd {path}: enters it and proves that it lies below our root (CVE-2024-21626).
Status cwd(Context& context, Arguments arguments);

}  // namespace tsrun
