// The capability bounding set (man 7 capabilities): what nothing in the container can ever gain.
#pragma once

#include "base/context.h"

namespace tsrun {

// bounding {set}: drops every capability that is not in the bit mask.
Status bounding(Context& context, Arguments arguments);

}  // namespace tsrun
