// New namespaces around the calling process (man 2 unshare).
#pragma once

#include "base/context.h"

namespace tsrun {

// unshare {flags}: leaves the namespaces of these kinds for new ones.
Status unshare_namespaces(Context& context, Arguments arguments);

// fork {flags}: the rest of the plan is carried out by a child, which takes our place as the runtime's child. Needed where
// only children enter a namespace: pid and time.
Status fork_stage(Context& context, Arguments arguments);

}  // namespace tsrun
