// The end of init: waiting for `start`, and becoming the user's program.
#pragma once

#include "base/context.h"

namespace tsrun {

// ask {what}: the runtime does something on its side while we wait.
Status ask(Context& context, Arguments arguments);

// ready: reports that the container is made, then waits to be told to begin: by the runtime that made it, or, once that
// has let go, by whoever connects to the socket in slot 0.
Status ready(Context& context, Arguments arguments);

// begin: tells the runtime that everything is done but becoming the program. If the conversation ends after this, the
// program runs, or ran; before, we died.
Status begin(Context& context, Arguments arguments);

// seal {start, listener}: does what we still have to do for ourselves, so that behind it nothing is left but to execute the program:
// default signal dispositions, no parent-death signal, nothing open but what was asked for and the conversation. Where a filter is
// loaded before we wait for `start`, we are made ready for that too: the socket in slot `start` (-1: none) stays, as does the one
// in slot `listener`, over which that filter's listener goes.
Status seal(Context& context, Arguments arguments);

// exec: replaces us by the user's program. One system call: a filter may forbid all others.
Status exec(Context& context, Arguments arguments);

// fail {errno}: fails. Tests put it anywhere into a plan to see that nothing stays behind.
Status fail(Context& context, Arguments arguments);

}  // namespace tsrun
