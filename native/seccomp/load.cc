#include "seccomp/load.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/syscalls.h"
#include "seccomp/load_listener.h"

namespace tsrun {
namespace {

// The kernel takes no more (BPF_MAXINSNS). In .bss: only the pages that are used cost memory.
sock_filter instructions[BPF_MAXINSNS];

// The number of instructions read.
Result<unsigned short> read_filter(int fd) {
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
  if (size == sizeof instructions && read(fd, &more, 1) != 0) return Status{E2BIG, "read the seccomp filter"};
  if (size == 0 || size % sizeof(sock_filter) != 0) return Status{EINVAL, "read the seccomp filter"};
  return static_cast<unsigned short>(size / sizeof(sock_filter));
}

}  // namespace

Status seccomp(Context& context, Arguments arguments) {
  const auto slot = arguments.number(Slots::kMax);
  const auto flags = static_cast<unsigned>(arguments.number(UINT32_MAX));
  const auto listener = arguments.signed_number(Slots::kMax);
  TSRUN_TRY(arguments.finish());

  auto length = read_filter(context.slots.get(slot));
  if (!length.ok()) return length.status();
  sock_fprog program = {};
  program.len = *length;
  program.filter = instructions;

  if (listener >= 0) return load_with_listener(context, program, flags, static_cast<size_t>(listener));
  if ((flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) return {EINVAL, "load the seccomp filter: nobody takes its listener"};
  if (sys::seccomp(SECCOMP_SET_MODE_FILTER, flags, &program) != 0) return failed("load the seccomp filter");
  return {};
}

}  // namespace tsrun
