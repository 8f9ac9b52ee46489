// ENOSYS for system calls that are newer than a profile.
#pragma once

#include <vector>

#include "seccomp/compile.h"

namespace tsrun {

// Instructions to go in front of the profile's filter. For each architecture, numbers above the highest that the profile
// names return ENOSYS; all else goes on into the filter. The kernel numbers new calls upwards, alike on all architectures.
std::vector<sock_filter> enosys_stub(const SeccompProfile& profile);

}  // namespace tsrun
