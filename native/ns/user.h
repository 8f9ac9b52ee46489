// The user namespace's side of things: id maps and being root in it (man 7 user_namespaces).
#pragma once

#include "base/context.h"

namespace tsrun {

// idmap: asks the runtime to write our id maps, then becomes root by them.
Status idmap(Context& context, Arguments arguments);

// becomeRoot: uid and gid 0 of the user namespace just joined, without supplementary groups where that is allowed.
Status become_root(Context& context, Arguments arguments);

}  // namespace tsrun
