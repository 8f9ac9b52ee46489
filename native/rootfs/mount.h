// Step `mount`: a new file system, a bind mount, or a change to what is mounted.
#pragma once

#include "base/context.h"

namespace tsrun {

// mount {destination, kind, type, source, inside, tree, treeIfDenied, set, clear, replace, setRecursive, clearRecursive, propagation,
// copyUp, idmap, idmapRecursive, data}: as MountStep of src/plan/steps.ts says. The mount is complete before anybody can reach it: flags,
// propagation, mappings and contents are given to it while it is detached. A tmpfs without option `mode` takes the mode of
// the directory below. A mount on "/" becomes the root.
Status mount(Context& context, Arguments arguments);

}  // namespace tsrun
