// The JavaScript engine as this program needs it: the language, and nothing that it does not use.
#pragma once

#include <quickjs.h>

#include "base/status.h"

namespace tsrun {

// A runtime with one context, without a parser for JavaScript: only what was compiled ahead can run. It lives as long as the process.
// Its stack has no limit until `limit_stack`. Fails with ENOMEM.
Status start_engine(JSContext*& context);

// From here on deep recursion is a RangeError, within what RLIMIT_STACK leaves to this thread. Fails where that is too small for anything.
Status limit_stack(JSRuntime* runtime);

}  // namespace tsrun
