// Device nodes, made or borrowed.
#pragma once

#include "base/context.h"

namespace tsrun {

// device {path, type, major, minor, mode, uid, gid, found}: a character (`c`), block (`b`) device or fifo (`p`) with exactly this
// mode and owner. One of the same kind and number that is in the image already gets them too; EEXIST for anything else, and for
// one with another mode or owner that a mount has brought. With `found` it must be there: nothing is made, and type and
// numbers are all that counts.
Status device(Context& context, Arguments arguments);

// bindDevice {path, source, type, major, minor, made}: where making nodes is not allowed (user namespaces), a node of the host's,
// nosuid and noexec. `made` -1: that at `source`; otherwise the one that the runtime hands out for this number of
// `Plan.devices`. ENODEV when it is not the device of that type and numbers.
Status bind_device(Context& context, Arguments arguments);

}  // namespace tsrun
