// What init and the runtime say to each other over one SOCK_SEQPACKET pair: init's side.
//
// From init: NUL-separated fields, the first being the kind: "ask" WHAT, maybe with a descriptor, "forked", "born" PID, "listener" with a
// descriptor, "ready", "failed" STEP OP ERRNO DOING; where it was asked to, "step" STEP OP MICROSECONDS. From the runtime: an answer of any
// length in pieces, each led by '+' (more to come) or '.' (the last); or a single '.' with a descriptor.
#pragma once

#include <cstdint>

#include "base/context.h"

namespace tsrun {

// Sends one message of up to four fields. Ends us, by SIGPIPE, or fails with EPIPE when the runtime is gone.
Status tell(int socket, std::string_view kind, std::string_view second = {}, std::string_view third = {}, std::string_view fourth = {},
            std::string_view fifth = {});

// Receives an answer into context.reply. ECONNRESET when the runtime is gone.
Status hear(Context& context, int socket);

// Asks the runtime to do `what` and waits for its answer.
Status ask_runtime(Context& context, std::string_view what);

// Asks the runtime to do `what` to the file of `fd`, and waits for its answer.
Status ask_about(Context& context, std::string_view what, int fd);

// Asks the runtime for a descriptor. EMFILE when there is no room for it in our table (RLIMIT_NOFILE).
Result<Fd> ask_descriptor(const Context& context, std::string_view what);

// Reports a step that is done.
Status tell_step(int socket, size_t step, std::string_view op, int64_t microseconds);

// Reports a failed step; nothing can be done about a failure of that.
void tell_failure(int socket, size_t step, std::string_view op, const Status& status);

}  // namespace tsrun
