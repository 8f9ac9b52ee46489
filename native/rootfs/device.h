// Device nodes, made or borrowed.
#pragma once

#include "base/context.h"

namespace tsrun {

// device {path, type, major, minor, mode, uid, gid}: a character (`c`), block (`b`) device or fifo (`p`) with exactly this
// mode and owner. One of the same kind and number that is there already stays as it is; EEXIST for anything else.
Status device(Context& context, Arguments arguments);

// bindDevice {path, source}: the host's device node `source`, where making nodes is not allowed (user namespaces).
// ENODEV when it is none.
Status bind_device(Context& context, Arguments arguments);

}  // namespace tsrun
