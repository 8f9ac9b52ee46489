#include "seccomp/load.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/syscalls.h"
#include "seccomp/load_listener.h"
#include "seccomp/load_report.h"

namespace tsrun {
namespace {

// The kernel takes no more (BPF_MAXINSNS). In .bss: only the pages that are used cost memory.
sock_filter instructions[BPF_MAXINSNS];

// How many there are, once they have been read.
unsigned short count = 0;

Status read_filter(int fd) {
  auto* bytes = reinterpret_cast<char*>(instructions);
  size_t size = 0;
  while (size < sizeof instructions) {
    const ssize_t n = read(fd, bytes + size, sizeof instructions - size);
    if (n < 0) {
      if (errno == EINTR) continue;
      return failed("read the seccomp filter");
    }
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  char more = 0;
  if (size == sizeof instructions && read(fd, &more, 1) != 0) return {E2BIG, "read the seccomp filter"};
  if (size == 0 || size % sizeof(sock_filter) != 0) return {EINVAL, "read the seccomp filter"};
  count = static_cast<unsigned short>(size / sizeof(sock_filter));
  return {};
}

}  // namespace

Status take_filter(sock_fprog& program) {
  if (count == 0) return {EINVAL, "load the seccomp filter: none was read"};
  program.len = count;
  program.filter = instructions;
  return {};
}

Status filter(Context& context, Arguments arguments) {
  const auto slot = arguments.number(Slots::kMax);
  TSRUN_TRY(arguments.finish());
  const Fd file(context.slots.take(slot));
  return read_filter(file.get());
}

Status seccomp(Context& context, Arguments arguments) {
  const auto flags = static_cast<unsigned>(arguments.number(UINT32_MAX));
  const auto listener = static_cast<int>(arguments.signed_number(Slots::kMax));
  const bool hand_over = arguments.number(1) != 0;
  const bool direct = arguments.number(1) != 0;
  const bool may_block_report = arguments.number(1) != 0;
  TSRUN_TRY(arguments.finish());

  sock_fprog program = {};
  TSRUN_TRY(take_filter(program));

  if (hand_over && direct) return hand_over_listener(context, program, flags);
  if (listener >= 0 || hand_over) return load_with_listener(context, program, flags, listener);
  if ((flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) return {EINVAL, "load the seccomp filter: nobody takes its listener"};
  // What is loaded was read while others could not see us. Where it is loaded after the last fork, who traces us can leave it out.
  if (may_block_report) watch_from_outside(context);
  if (sys::seccomp(SECCOMP_SET_MODE_FILTER, flags, &program) != 0) return failed("load the seccomp filter");
  return {};
}

}  // namespace tsrun
