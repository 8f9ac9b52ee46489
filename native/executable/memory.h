// What the engine has taken and a program that only waits does not need.
#pragma once

namespace tsrun {

// Once a foreground program is one that stays (process/supervise_host.h), gives the kernel back all memory that holds nothing: what the C
// library keeps for later, and the mappings of the program's own file, whose pages stay in the page cache and come back when they are used
// again. The engine's collector is not asked: it writes to every object, and so to every page of a prepared heap.
void give_back_when_settled();

}  // namespace tsrun
