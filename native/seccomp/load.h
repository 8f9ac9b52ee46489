// Loading a compiled filter, right before the user's program.
#pragma once

#include "base/context.h"
#include "base/plan_reader.h"

namespace tsrun {

// Step `seccomp`: slot, flags (SECCOMP_FILTER_FLAG_*), listener slot (-1: none).
//
// Loads the instructions (struct sock_filter) that the slot's descriptor holds from its position to its end. Takes
// no_new_privs or CAP_SYS_ADMIN (man 2 seccomp). With a listener, what the runtime answered last is sent to that socket,
// together with the descriptor that SCMP_ACT_NOTIFY reports to. EINVAL: no filter; E2BIG: over 4096 instructions.
Status seccomp(Context& context, Arguments arguments);

}  // namespace tsrun
