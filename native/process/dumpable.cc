#include "process/dumpable.h"

#include <sys/prctl.h>

namespace tsrun {

Status undumpable(Context&, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return failed("prctl PR_SET_DUMPABLE");
  return {};
}

}  // namespace tsrun
