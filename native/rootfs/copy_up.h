// tmpfs that starts with what the directory below holds (mount option tmpcopyup).
#pragma once

#include "base/context.h"
#include "base/status.h"

namespace tsrun {

// Copies files, directories, symlinks, fifos and device nodes below the directory `from` into the directory `to`, both
// descriptors, with their modes, owners and times. Follows no symlink and crosses no mount: a mount point becomes an empty
// directory. Sockets are left out. ENAMETOOLONG for more than 128 levels.
Status copy_up(const Context& context, int from, int to);

}  // namespace tsrun
