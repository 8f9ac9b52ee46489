#include "process/dumpable.h"

#include <sys/prctl.h>

#include <csignal>

namespace tsrun {

Status undumpable(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  context.hidden = true;
  return stay_hidden(context);
}

Status stay_hidden(const Context& context) {
  if (context.hidden && prctl(PR_SET_DUMPABLE, 0) != 0) return failed("prctl PR_SET_DUMPABLE");
  if (!context.let_go) prctl(PR_SET_PDEATHSIG, SIGKILL);
  return {};
}

}  // namespace tsrun
