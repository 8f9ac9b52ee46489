// Hooks that run inside the container (OCI runtime-spec, "POSIX-platform Hooks"): createContainer and startContainer.
#pragma once

#include "base/context.h"

namespace tsrun {

// hook {kind, index, path, args, env, timeout}: runs one with the container's state, the runtime's last answer, on its
// stdin; `timeout` in milliseconds, 0 for none. Fails when it cannot be run, its status is not 0 or its time is up.
Status hook(Context& context, Arguments arguments);

}  // namespace tsrun
