// The JavaScript engine as this program needs it: the language, and nothing that it does not use.
#pragma once

#include <quickjs.h>

#include "base/status.h"

namespace tsrun {

// A runtime with one context, without a parser for JavaScript: only what was compiled ahead can run. It lives as long as the process.
// Deep recursion is a RangeError, within what RLIMIT_STACK leaves. Fails with ENOMEM, and where the stack is too small for anything.
Status start_engine(JSContext*& context);

}  // namespace tsrun
