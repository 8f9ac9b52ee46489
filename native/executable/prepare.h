// The build's run of this program: writes the heap that calls begin with (prepared.h).
#pragma once

#include "base/status.h"
#include "executable/prepared.h"

namespace tsrun {

// `begin` starts the engine and evaluates the first script, with line numbers if `debug`. Everything happens twice. The first time, in a
// process of its own, to see which blocks of the heap calls use: those of the script `replay` are done. Blocks that calls write to, which
// costs each of them a copy of a page, are laid side by side then, and those that are read.
Status prepare(Status (*begin)(bool debug, Beginnings& beginnings), const char* path);

}  // namespace tsrun
