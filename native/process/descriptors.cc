#include "process/descriptors.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

#include "base/syscalls.h"

namespace tsrun {
namespace {

// How many numbers are looked at one by one. Init never opens more: what lies above came from the caller.
constexpr unsigned kProven = 256;

}  // namespace

Status seal_descriptors(unsigned preserved) {
  const unsigned first = 3 + preserved;
  if (sys::close_range(first, ~0U, sys::kCloseRangeCloexec) != 0) return failed("close_range");

  // poll(2) of many descriptors at once says which are open. It takes no more of them than RLIMIT_NOFILE.
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return failed("getrlimit");
  const auto count = static_cast<unsigned>(limit.rlim_cur < kProven ? limit.rlim_cur : kProven);
  pollfd open[kProven] = {};
  for (unsigned i = 0; i < count; i++) open[i].fd = static_cast<int>(first + i);
  if (poll(open, count, 0) < 0) return failed("poll");
  for (unsigned i = 0; i < count; i++) {
    if ((open[i].revents & POLLNVAL) != 0) continue;
    const int flags = fcntl(open[i].fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) return {EBADF, "a descriptor would stay open"};
  }
  return {};
}

}  // namespace tsrun
