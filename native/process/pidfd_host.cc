#include "process/pidfd_host.h"

#include <poll.h>

#include <chrono>
#include <string>

#include "base/syscalls.h"

namespace tsrun {

Result<Fd> open_pidfd(pid_t pid) {
  Fd fd(sys::pidfd_open(pid, 0));
  if (!fd.valid()) return failed("open process", std::to_string(pid));
  return fd;
}

Status send_signal(int pidfd, int signal) {
  if (sys::pidfd_send_signal(pidfd, signal, nullptr, 0) != 0) return failed("send signal", std::to_string(signal));
  return {};
}

Result<bool> wait_pidfd(int pidfd, int timeout) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout);
  for (;;) {
    int left = -1;
    if (timeout >= 0) {
      const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      left = rest > 0 ? static_cast<int>(rest) : 0;
    }
    pollfd watched = {pidfd, POLLIN, 0};
    const int ready = poll(&watched, 1, left);
    if (ready > 0) {
      if ((watched.revents & POLLNVAL) != 0) return Status(EBADF, "wait for a process");
      return true;
    }
    if (ready == 0) return false;
    if (errno != EINTR) return failed("wait for a process");
  }
}

}  // namespace tsrun
