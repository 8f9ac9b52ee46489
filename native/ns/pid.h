// Becoming a member of a pid namespace that has members already (man 7 pid_namespaces).
#pragma once

#include "base/context.h"

namespace tsrun {

// enterPidNamespace {terminal, start}: the rest of the plan is carried out by a child that is born in the pid namespace which an
// earlier step joined for our children, takes our place as the runtime's child and leads a session, with descriptor 0 as its
// controlling terminal if `terminal` is set. It has nothing open but 0 to 2, the preserved descriptors, its end of the conversation,
// and the socket in slot `start` (-1: none).
//
// Whatever needs more than the container has comes before this step.
Status enter_pid_namespace(Context& context, Arguments arguments);

// pidNamespace {slot}: a procfs that is mounted from here on shows this pid namespace, which `join` joins for our children only.
Status pid_namespace(Context& context, Arguments arguments);

// forget: everything that the plan says up to here is gone from our memory, with what acting on it left on the stack, and so is the
// runtime's last answer.
Status forget(Context& context, Arguments arguments);

}  // namespace tsrun
