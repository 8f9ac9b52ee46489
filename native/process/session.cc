#include "process/session.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace tsrun {

Status session(Context&, Arguments arguments) {
  const bool terminal = arguments.number(1) != 0;
  TSRUN_TRY(arguments.finish());
  if (setsid() < 0 && getsid(0) != getpid()) return failed("setsid");
  // Who shares the container's devpts can have made the terminal its own before: then this fails, and we with it. With 0 it is not taken
  // from us afterwards (man 2 TIOCSCTTY).
  if (terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) return failed("make it the controlling terminal");
  return {};
}

}  // namespace tsrun
