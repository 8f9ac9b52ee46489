// What the engine has taken and a program that only waits does not need.
#pragma once

#include <quickjs.h>

namespace tsrun {

// Once a foreground program is one that stays (process/supervise_host.h), gives the kernel back all memory that holds nothing: what the
// collector finds to be garbage, what the C library keeps for later, and the mappings of the program's own file, whose pages stay in the
// page cache and come back when they are used again.
void give_back_when_settled(JSRuntime* runtime);

}  // namespace tsrun
