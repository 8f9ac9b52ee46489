#include "process/session.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace tsrun {

Status session(Context&, Arguments arguments) {
  const bool terminal = arguments.number(1) != 0;
  TSRUN_TRY(arguments.finish());
  if (setsid() < 0 && getsid(0) != getpid()) return failed("setsid");
  if (terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) return failed("make it the controlling terminal");
  return {};
}

}  // namespace tsrun
