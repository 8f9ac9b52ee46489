// User, groups and umask of the user's program (man 7 credentials).
#pragma once

#include "base/context.h"

namespace tsrun {

// user {uid, gid, groups, setgroups, umask}: real, effective and saved ids. Permitted capabilities stay until the step
// `capabilities` says which ones do. The standard streams become the user's where they are pipes or files, so that it can
// reopen them by /dev/stdout. Without `setgroups` (man 7 user_namespaces: "deny") the groups stay as they are.
Status user(Context& context, Arguments arguments);

}  // namespace tsrun
