// Loading a compiled filter, right before the user's program.
#pragma once

#include "base/context.h"
#include "base/plan_reader.h"

struct sock_fprog;

namespace tsrun {

// The instructions (struct sock_filter) that a descriptor holds from its position to its end, read once: it is the same filter
// whoever asks. EINVAL: no filter; E2BIG: over 4096 instructions.
Status read_filter(int fd, sock_fprog& program);

// Step `seccomp`: slot, flags (SECCOMP_FILTER_FLAG_*), listener slot (-1: none), whether the filter may block the report of a
// failure: then a thread stays outside of it until the program is executed (load_report.h).
//
// Loads the instructions (struct sock_filter) that the slot's descriptor holds from its position to its end. Takes
// no_new_privs or CAP_SYS_ADMIN (man 2 seccomp). With a listener, what the runtime answered last is sent to that socket,
// together with the descriptor that SCMP_ACT_NOTIFY reports to. EINVAL: no filter; E2BIG: over 4096 instructions.
Status seccomp(Context& context, Arguments arguments);

}  // namespace tsrun
