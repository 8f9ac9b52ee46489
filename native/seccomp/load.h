// Loading a compiled filter, right before the user's program.
#pragma once

#include "base/context.h"
#include "base/plan_reader.h"

struct sock_fprog;

namespace tsrun {

// Makes the filter that the step `filter` has read a program: the same one whoever asks. EINVAL: none was read.
Status take_filter(sock_fprog& program);

// Step `filter`: slot.
//
// Reads the instructions (struct sock_filter) that the slot's descriptor holds from its position to its end, and closes it: it is
// a file of the host's, which all containers' filters come from. EINVAL: no filter; E2BIG: over 4096 instructions.
Status filter(Context& context, Arguments arguments);

// Step `seccomp`: flags (SECCOMP_FILTER_FLAG_*), listener slot (-1: none), whether the listener goes to the runtime instead,
// whether the filter lets sendmsg(2) and close(2) through, so that it takes no thread to do that, and whether it may block the report of
// a failure: then a thread stays outside of it until the program is executed (load_report.h).
//
// Loads what `filter` has read. Takes no_new_privs or CAP_SYS_ADMIN (man 2 seccomp). With a listener, what the runtime answered last is
// sent to that socket, together with the descriptor that SCMP_ACT_NOTIFY reports to; the runtime gets the descriptor alone, as the message
// "listener". EINVAL: no filter was read.
Status seccomp(Context& context, Arguments arguments);

}  // namespace tsrun
