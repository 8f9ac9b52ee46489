// Propagation of mounts and unmounts between namespaces (man 7 mount_namespaces).
#pragma once

#include "base/context.h"

namespace tsrun {

// propagation {flags}: of the runtime's own mounts in the new namespace, before anything is mounted. `flags` is one of
// MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, with or without MS_REC.
Status propagation(Context& context, Arguments arguments);

// rootPropagation {flags}: of the container's root.
Status root_propagation(Context& context, Arguments arguments);

}  // namespace tsrun
