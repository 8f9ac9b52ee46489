// A filter some of whose answers are another process's (man 2 seccomp_unotify).
#pragma once

#include <linux/filter.h>

#include "base/context.h"

namespace tsrun {

// Loads `program` with SECCOMP_FILTER_FLAG_NEW_LISTENER in `flags` and sends the resulting descriptor with context.reply
// over the socket in slot `listener`, which is closed then; with -1 to the runtime.
Status load_with_listener(Context& context, sock_fprog& program, unsigned flags, int listener);

// The same for the runtime, under a filter that lets through what it takes. CLONE_THREAD does not go with a pid namespace that was
// joined for our children (man 2 clone).
Status hand_over_listener(Context& context, sock_fprog& program, unsigned flags);

}  // namespace tsrun
