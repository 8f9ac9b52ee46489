// Step `sysctl`.
#pragma once

#include "base/context.h"

namespace tsrun {

// sysctl {path, value}: writes `value` to the file `path` (`net/ipv4/ip_forward`) below /proc/sys.
Status sysctl(Context& context, Arguments arguments);

}  // namespace tsrun
