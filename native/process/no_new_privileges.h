// No privileges gained by execve (kernel: userspace-api/no_new_privs).
#pragma once

#include "base/context.h"

namespace tsrun {

// noNewPrivileges
Status no_new_privileges(Context& context, Arguments arguments);

}  // namespace tsrun
