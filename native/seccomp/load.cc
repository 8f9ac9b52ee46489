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

}  // namespace

Status read_filter(int fd, sock_fprog& program) {
  program.filter = instructions;
  program.len = count;
  if (count != 0) return {};
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
  program.len = count;
  return {};
}

Status seccomp(Context& context, Arguments arguments) {
  const auto slot = arguments.number(Slots::kMax);
  const auto flags = static_cast<unsigned>(arguments.number(UINT32_MAX));
  const auto listener = arguments.signed_number(Slots::kMax);
  const bool mayBlockReport = arguments.number(1) != 0;
  TSRUN_TRY(arguments.finish());

  sock_fprog program = {};
  TSRUN_TRY(read_filter(context.slots.get(slot), program));

  if (listener >= 0) return load_with_listener(context, program, flags, static_cast<size_t>(listener));
  if ((flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) return {EINVAL, "load the seccomp filter: nobody takes its listener"};
  if (mayBlockReport) watch_from_outside(context);
  if (sys::seccomp(SECCOMP_SET_MODE_FILTER, flags, &program) != 0) return failed("load the seccomp filter");
  return {};
}

}  // namespace tsrun
