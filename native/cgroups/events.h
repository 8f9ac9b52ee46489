// cgroup.events: what the kernel reports about a cgroup as a whole (Documentation/admin-guide/cgroup-v2.rst, "Core Interface Files").
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace tsrun {

// Waits until `event` ("populated", "frozen") of the cgroup at `path` is `on`, at most `timeout` milliseconds (-1: for
// ever). False when the time is over. A cgroup that does not exist, or goes meanwhile, has no event on.
Result<bool> wait_cgroup_event(const std::string& path, std::string_view event, bool on, int timeout);

}  // namespace tsrun
