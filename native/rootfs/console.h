// Step `console`.
#pragma once

#include "base/context.h"

namespace tsrun {

// console {slot, rows, columns, uid, bind}: a terminal of the container's own devpts. Its master goes over the unix stream
// socket in `slot`, with its name ("/dev/pts/0") as the message; the other end is owned by `uid`, becomes descriptors 0 to 2,
// and with `bind` is /dev/console too. The window has the given size unless `rows` and `columns` are 0. What makes it the
// controlling terminal is the step that makes the session.
Status console(Context& context, Arguments arguments);

}  // namespace tsrun
