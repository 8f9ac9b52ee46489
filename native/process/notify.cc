#include "process/notify.h"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/notify.h"
#include "process/signals.h"

namespace tsrun {

int notify_proxy(int argc, char** argv) {
  if (argc != 4) return 1;
  const auto pid = static_cast<pid_t>(strtol(argv[3], nullptr, 10));
  Notifier notifier;
  if (pid <= 0 || !notifier.open(argv[2], pid, pid).ok()) return 1;
  prctl(PR_SET_NAME, "tsrun-notify");
  prctl(PR_SET_DUMPABLE, 0);
  // Out of the caller's way: of the signals of its terminal, and of its working directory.
  if (!reset_signals().ok() || setsid() < 0 || chdir("/") != 0) return 1;

  for (;;) {
    pollfd watched[2] = {notifier.watch(STDIN_FILENO), {STDOUT_FILENO, POLLIN, 0}};
    if (poll(watched, 2, -1) < 0 && errno != EINTR) return 1;
    notifier.drain(STDIN_FILENO);
    if (watched[1].revents != 0) break;
  }
  // Messages may have come after the last drain and before the end.
  notifier.finish(STDIN_FILENO);
  return 0;
}

}  // namespace tsrun
