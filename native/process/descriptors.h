// What stays open across execve.
#pragma once

#include <initializer_list>

#include "base/context.h"

namespace tsrun {

// Marks every descriptor from 3 + `preserved` on close-on-exec, and proves it: a descriptor of the host's that reached the
// container would be a way out (CVE-2016-9962, CVE-2024-21626).
Status seal_descriptors(unsigned preserved);

// Closes all descriptors from `first` on but those in `keep`; -1: none.
Status close_all_but(unsigned first, std::initializer_list<int> keep);

// Closes everything but 0 to 2, the preserved descriptors, our end of the conversation and what is in the two slots (-1: none): by
// way of the owners, lest a number be closed again when it is another's.
Status hold_only(Context& context, int one, int other);

}  // namespace tsrun
