// The capability sets of the user's program (man 7 capabilities); bounding.h has the fifth.
#pragma once

#include <cstdint>

#include "base/context.h"

namespace tsrun {

// Bit masks.
struct CapabilitySets {
  uint64_t effective = 0;
  uint64_t permitted = 0;
  uint64_t inheritable = 0;
};

// The next three arguments: effective, permitted, inheritable.
CapabilitySets take_sets(Arguments& arguments);

// capset(2) and nothing else: async-signal-safe, and possible under a filter. False with errno set on failure.
bool set_capabilities(const CapabilitySets& sets);

// capabilities {effective, permitted, inheritable, ambient}: bit masks. Comes after `user`: it ends the keeping of
// capabilities that `user` began.
Status capabilities(Context& context, Arguments arguments);

// capset {effective, permitted, inheritable}: takes away what was only needed to load a filter. Ambient capabilities stay, as far
// as they are permitted and inheritable (man 7 capabilities).
Status capset(Context& context, Arguments arguments);

}  // namespace tsrun
