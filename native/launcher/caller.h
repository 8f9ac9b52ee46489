// What the caller of tsrun handed over by way of the process itself, which the JS engine changes as it starts.
#pragma once

#include <cstddef>

#include "base/status.h"

namespace tsrun {

// Opens /dev/null on those of the descriptors 0, 1 and 2 that are closed: the next file opened would take their place.
Status fill_standard_descriptors();

// The descriptors from 3 on that are open, ascending, as numbers and ranges: "3,7-9". Fails with E2BIG when `size` bytes
// at `list` do not hold them.
Status open_descriptors(char* list, size_t size);

// The signals that are ignored (signal(7): this survives execve), ascending: "13,25".
Text<256> ignored_signals();

// RLIMIT_NOFILE as "soft:hard".
Text<64> descriptor_limit();

}  // namespace tsrun
