// The table of contents of a container: every step by its name.
#pragma once

#include <string_view>

#include "base/context.h"

namespace tsrun {

// The function that carries out the step `op` (src/plan/steps.ts); nullptr for a name nobody knows.
StepFunction step_of(std::string_view op);

}  // namespace tsrun
