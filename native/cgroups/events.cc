#include "cgroups/events.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <ctime>

#include "base/fd.h"

namespace tsrun {
namespace {

long long milliseconds_now() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

}  // namespace

Result<bool> wait_cgroup_event(const std::string& path, std::string_view event, bool on, int timeout) {
  const std::string file = path + "/cgroup.events";
  const Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT) return !on;
    return failed("open", file);
  }
  const std::string line = "\n" + std::string(event) + " 1\n";
  const long long end = milliseconds_now() + timeout;
  for (;;) {
    char buffer[512];
    const ssize_t length = pread(fd.get(), buffer, sizeof buffer, 0);
    if (length < 0) {
      if (errno == EINTR) continue;
      if (errno == ENODEV) return !on;
      return failed("read", file);
    }
    const std::string text = "\n" + std::string(buffer, static_cast<size_t>(length));
    if ((text.find(line) != std::string::npos) == on) return true;
    const long long left = timeout < 0 ? -1 : end - milliseconds_now();
    if (timeout >= 0 && left <= 0) return false;
    // the kernel reports every change of this file as a priority event; a second look each second costs nothing
    pollfd changed = {fd.get(), POLLPRI, 0};
    const int wait = left < 0 || left > 1000 ? 1000 : static_cast<int>(left);
    if (poll(&changed, 1, wait) < 0 && errno != EINTR) return failed("poll", file);
  }
}

}  // namespace tsrun
