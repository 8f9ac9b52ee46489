// A filter some of whose answers are another process's (man 2 seccomp_unotify).
#pragma once

#include <linux/filter.h>

#include "base/context.h"

namespace tsrun {

// Loads `program` with SECCOMP_FILTER_FLAG_NEW_LISTENER in `flags` and sends the resulting descriptor with context.reply
// over the socket in slot `listener`, which is closed then.
Status load_with_listener(Context& context, sock_fprog& program, unsigned flags, size_t listener);

}  // namespace tsrun
