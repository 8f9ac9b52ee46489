// The session keyring (man 7 session-keyring): without one of its own a container could read the caller's keys.
#pragma once

#include "base/context.h"

namespace tsrun {

// keyring {name, fresh}: joins the session keyring `name`, or with `fresh` makes it and joins it. Only who has it can see, read or link to
// it; who knows its name and has its owner's id may join it. Names are those of the user namespace (man 7 user_namespaces). A kernel
// without keyrings has nothing to protect: success. Everything else fails, EDQUOT too: going on would leave the container the caller's
// keys.
Status keyring(Context& context, Arguments arguments);

}  // namespace tsrun
