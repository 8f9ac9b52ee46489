// The working directory.
#pragma once

#include "base/context.h"

namespace tsrun {

// cwd {path, early}: enters it. Where `early` is set, permission denied is no failure: the step comes once more without, as another
// user, and does nothing if the first one succeeded. EPERM: it turned out to be outside of the container's root (CVE-2024-21626).
Status cwd(Context& context, Arguments arguments);

}  // namespace tsrun
