// The home directory of the container's user (man 5 passwd).
#pragma once

#include "base/context.h"

namespace tsrun {

// home {uid}: looks the user up in the container's /etc/passwd and notes its home in the context; "/" when there is no such
// file, user or home. The first line of several counts.
Status home(Context& context, Arguments arguments);

}  // namespace tsrun
