// A session of its own, so that no terminal but the container's can be its controlling one (man 2 setsid).
#pragma once

#include "base/context.h"

namespace tsrun {

// session: becomes the leader of a new session. One that already leads a session stays as it is.
Status session(Context& context, Arguments arguments);

}  // namespace tsrun
