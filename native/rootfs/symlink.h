// Step `symlink`.
#pragma once

#include "base/context.h"

namespace tsrun {

// symlink {path, target}: makes a symlink. Whatever has the name already stays: /dev may be the host's own, or have been
// filled by the image.
Status symlink(Context& context, Arguments arguments);

}  // namespace tsrun
