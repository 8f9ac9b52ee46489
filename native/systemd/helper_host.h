// tsrun-systemd, as seen from the runtime (systemd/main.cc).
#pragma once

#include <string>

#include "base/child.h"
#include "base/part_host.h"
#include "base/pieces.h"

namespace tsrun {

struct SystemdHelper {
  Fd socket;  // our end of the conversation
  Fd pidfd;   // it is our child, to be reaped
};

// Starts the program: executed by the descriptor that was looked at (open_part), with an empty environment. "exec" comes first in the words
// when it is there and cannot be executed.
Result<SystemdHelper> start_systemd_helper(const Part& part);

// Sends a request and waits for its answer. ECONNRESET when the helper has ended, with what it, or the dynamic loader in its place, had to
// say about that as the text; empty if nothing.
Status ask_systemd_helper(int socket, std::string_view request, Buffer& answer);

}  // namespace tsrun
