// Step `readonlyPath`.
#pragma once

#include "base/context.h"

namespace tsrun {

// readonlyPath {path}: covers what is there by itself, read-only; mounts below it keep their flags, and so do the others
// of its own. A path that does not exist is fine.
Status readonly_path(Context& context, Arguments arguments);

}  // namespace tsrun
