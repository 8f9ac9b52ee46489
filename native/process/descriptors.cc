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

// The table is ours alone (no CLONE_FILES): others can at most take copies out of it (man 2 pidfd_getfd), and put nothing in.
Status close_all_but(unsigned first, std::initializer_list<int> keep) {
  for (;;) {
    // The next one to be kept.
    unsigned kept = ~0U;
    for (const int fd : keep) {
      if (fd >= 0 && static_cast<unsigned>(fd) >= first && static_cast<unsigned>(fd) < kept) kept = static_cast<unsigned>(fd);
    }
    if (kept > first && sys::close_range(first, kept == ~0U ? kept : kept - 1, 0) != 0) return failed("close_range");
    if (kept == ~0U) return {};
    first = kept + 1;
  }
}

Status hold_only(Context& context, int one, int other) {
  context.proc.reset();
  context.null.reset();
  context.root.reset();
  context.empty.reset();
  context.procfs.reset();
  const auto in = [&](int slot) { return slot < 0 ? -1 : context.slots.get(static_cast<size_t>(slot)); };
  const int kept[2] = {in(one), in(other)};
  for (size_t slot = 0; slot < context.slots.count; slot++) {
    if (static_cast<int>(slot) != one && static_cast<int>(slot) != other) context.slots.fds[slot] = -1;
  }
  return close_all_but(3 + context.preserved, {kept[0], kept[1], context.sync});
}

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
