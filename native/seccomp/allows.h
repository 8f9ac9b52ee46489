// What a compiled filter would answer.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "base/status.h"

namespace tsrun {

// Whether the filter lets every one of these through (SECCOMP_RET_ALLOW or SECCOMP_RET_LOG), as tsrun-init makes them: "clone",
// "setsid" and the others that allows.cc lists. ENOSYS for another name; EINVAL for a filter with an instruction that the kernel
// does not take.
Result<bool> filter_allows(const std::vector<sock_filter>& filter, const std::vector<std::string>& calls);

}  // namespace tsrun
