// The execution domain (man 2 personality).
#pragma once

#include "base/context.h"

namespace tsrun {

// personality {persona}
Status personality(Context& context, Arguments arguments);

}  // namespace tsrun
