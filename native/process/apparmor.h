// The AppArmor profile that the user's program runs under (kernel: admin-guide/LSM/apparmor).
#pragma once

#include "base/context.h"

namespace tsrun {

// apparmor {profile}: the change happens at the next execve.
Status apparmor(Context& context, Arguments arguments);

}  // namespace tsrun
