// What stays open across execve.
#pragma once

#include "base/status.h"

namespace tsrun {

// Marks every descriptor from 3 + `preserved` on close-on-exec, and proves it: a descriptor of the host's that reached the
// container would be a way out (CVE-2016-9962, CVE-2024-21626).
Status seal_descriptors(unsigned preserved);

}  // namespace tsrun
