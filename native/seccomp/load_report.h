// Reports a failure behind a filter that may forbid the system calls for that.
#pragma once

#include "base/context.h"

namespace tsrun {

// From now on a thread of ours stays outside of the filter that is to be loaded next. It tells the runtime that we have failed,
// or that the filter killed us, and ends the process; becoming the user's program ends it. Without room for a thread
// (pids.max) there is none.
void watch_from_outside(const Context& context);

// Has the thread report a failed step and end us; returns when there is no thread. No system call of this thread.
void report_from_outside(size_t step, std::string_view op, const Status& status);

}  // namespace tsrun
