#include "process/session.h"

#include <unistd.h>

namespace tsrun {

Status session(Context&, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  if (setsid() < 0 && getsid(0) != getpid()) return failed("setsid");
  return {};
}

}  // namespace tsrun
