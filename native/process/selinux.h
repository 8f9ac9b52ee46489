// The SELinux context that the user's program runs in (man 8 selinux).
#pragma once

#include "base/context.h"

namespace tsrun {

// selinux {label}: the change happens at the next execve.
Status selinux(Context& context, Arguments arguments);

}  // namespace tsrun
