// Who may look into us (man 2 prctl, PR_SET_DUMPABLE).
#pragma once

#include "base/context.h"

namespace tsrun {

// undumpable: until the next exec no process of the container can open our /proc files or trace us (CVE-2016-9962).
Status undumpable(Context& context, Arguments arguments);

// To be called after everything that changes our ids, capabilities or user namespace: with those changes the kernel gives us back
// what fs.suid_dumpable says, and takes away the signal at our parent's death (man 2 prctl, PR_SET_DUMPABLE and PR_SET_PDEATHSIG).
// Does nothing before `undumpable`.
Status stay_hidden(const Context& context);

}  // namespace tsrun
