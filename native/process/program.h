// The user's program: its arguments, its environment, and where in the container it is.
#pragma once

#include "base/context.h"

namespace tsrun {

// program {args, env, preserved, home}: prepares what `exec` executes. Comes after `user` and `cwd`: the program is looked
// up as the container's user, in the container's PATH. With `home`, HOME from the step `home` is added when the
// environment has none. ENOENT, EACCES, EISDIR with texts that callers match: `exec: "x": executable file not found in $PATH`.
Status program(Context& context, Arguments arguments);

}  // namespace tsrun
