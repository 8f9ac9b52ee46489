// The container's root directory: everything inside is found from here.
#pragma once

#include "base/context.h"

namespace tsrun {

// root {path, clone, slave}: opens the directory `path` of the host as the root. With `clone` it becomes a mount of its own on the
// same place, as pivot_root(2) wants it, and the mount it lies in stops being shared. The new one is private, or with `slave` gets
// what the host mounts there later.
Status root(Context& context, Arguments arguments);

// currentRoot: the root is where we are ("/"), after joining a container's mount namespace.
Status current_root(Context& context, Arguments arguments);

// rootReadonly: the root's mount, and no mount below it, becomes read-only.
Status root_readonly(Context& context, Arguments arguments);

}  // namespace tsrun
