// Hooks that run inside the container (OCI runtime-spec, "POSIX-platform Hooks"): createContainer and startContainer.
#pragma once

#include "base/context.h"

namespace tsrun {

// hook {kind, index, path, args, env, timeout, programEnv, inRoot, filtered, flags, lower, effective, permitted, inheritable}: runs
// one with the container's state, the runtime's last answer, on its stdin; `timeout` in milliseconds, 0 for none. Its
// environment is `env` or the program's, it begins where we are or in the container's root. It is confined as the user's
// program will be: with `filtered` it gets the filter that the step `filter` has read and, with `lower`, these capabilities; we
// ourselves go on without, and need nothing of the filter. Fails when it cannot be run, its status is not 0 or its time is up.
Status hook(Context& context, Arguments arguments);

}  // namespace tsrun
