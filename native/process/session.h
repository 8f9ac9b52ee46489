// A session of its own, so that no terminal but the container's can be its controlling one (man 2 setsid).
#pragma once

#include "base/context.h"

namespace tsrun {

// session {terminal}: becomes the leader of a new session, or stays that of its own. With `terminal`, descriptor 0 becomes its
// controlling terminal (man 2 ioctl_tty, TIOCSCTTY).
Status session(Context& context, Arguments arguments);

}  // namespace tsrun
