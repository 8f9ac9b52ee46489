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

Result<std::vector<std::optional<std::string>>> read_changed(const std::vector<int>& files, int timeout) {
  std::vector<pollfd> watched;
  watched.reserve(files.size());
  for (const int fd : files) watched.push_back({fd, POLLPRI, 0});
  if (poll(watched.data(), watched.size(), timeout) < 0 && errno != EINTR) return failed("poll", "the event files of a cgroup");
  std::vector<std::optional<std::string>> texts(files.size());
  for (size_t at = 0; at < watched.size(); at++) {
    if (watched[at].revents == 0) continue;
    char buffer[4096];
    const ssize_t length = pread(watched[at].fd, buffer, sizeof buffer, 0);
    if (length < 0 && errno != ENODEV) return failed("read", "an event file of a cgroup");
    texts[at] = std::string(buffer, length < 0 ? 0 : static_cast<size_t>(length));
  }
  return texts;
}

}  // namespace tsrun
