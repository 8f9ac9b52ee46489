#include "process/bounding.h"

#include <sys/prctl.h>

namespace tsrun {

Status bounding(Context&, Arguments arguments) {
  const auto keep = arguments.number();
  TSRUN_TRY(arguments.finish());
  // It is this process's own, and nobody can give back what was dropped (man 7 capabilities).
  // The first number the kernel does not know ends the set, whatever the plan was told.
  for (unsigned long capability = 0; capability < 64; capability++) {
    const int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (held < 0) break;
    if (held == 0 || (keep >> capability & 1) != 0) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return failed("drop capability from the bounding set");
  }
  return {};
}

}  // namespace tsrun
