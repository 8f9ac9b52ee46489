// The stack as others may read it (man 5 proc_pid_mem).
#pragma once

namespace tsrun {

// Clears what functions that have returned left behind below the caller's frame: paths of the host, pieces of the plan. For a process that
// is about to become visible to those of a container, or has such a child.
void forget_stack();

}  // namespace tsrun
