// cgroup.events: what the kernel reports about a cgroup as a whole (Documentation/admin-guide/cgroup-v2.rst, "Core Interface Files").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tsrun {

// Waits until `event` ("populated", "frozen") of the cgroup at `path` is `on`, at most `timeout` milliseconds (-1: for
// ever). False when the time is over. A cgroup that does not exist, or goes meanwhile, has no event on.
Result<bool> wait_cgroup_event(const std::string& path, std::string_view event, bool on, int timeout);

// Waits at most `timeout` milliseconds until one of these open event files (cgroup.events, memory.events) changes, and
// reads those that did: the text, or none for a file that did not change since it was last read through its descriptor. The
// text of a file whose cgroup has gone is empty; no change announces that, so the time-out must not be for ever.
Result<std::vector<std::optional<std::string>>> read_changed(const std::vector<int>& files, int timeout);

}  // namespace tsrun
