// The loopback device of a new network namespace (man 7 network_namespaces).
#pragma once

#include "base/context.h"

namespace tsrun {

// loopback: the device is down in a new namespace; brings it up, and so its addresses 127.0.0.1 and ::1.
Status loopback(Context& context, Arguments arguments);

}  // namespace tsrun
