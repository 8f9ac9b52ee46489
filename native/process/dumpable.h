// Who may look into us (man 2 prctl, PR_SET_DUMPABLE).
#pragma once

#include "base/context.h"

namespace tsrun {

// undumpable: until the next exec no process of the container can open our /proc files or trace us (CVE-2016-9962).
Status undumpable(Context& context, Arguments arguments);

}  // namespace tsrun
