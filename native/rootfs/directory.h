// Step `makeDirectory`.
#pragma once

#include "base/context.h"

namespace tsrun {

// makeDirectory {path}: makes the directory with all above it, mode 0755; one that exists is fine.
Status make_directory(Context& context, Arguments arguments);

}  // namespace tsrun
