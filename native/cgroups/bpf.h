// bpf(2) with an attribute that no kernel writes past.
#pragma once

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace tsrun {

// Linux 6.17 to 7.1 answer BPF_PROG_QUERY of a cgroup with a revision, which they write behind the fields that older programs
// know, however short the attribute is said to be (kernel/bpf/cgroup.c). So it always has more room than the union of any kernel,
// zeroed: of what a kernel does not know it only asks that it is zero (kernel/bpf/syscall.c, bpf_check_uarg_tail_zero).
union BpfAttributes {
  uint8_t room[512];
  bpf_attr is;
};
static_assert(sizeof(bpf_attr) <= sizeof(BpfAttributes::room) / 2);

// Start with `BpfAttributes attributes = {}`, which zeroes all of it. Returns what the system call returns, errno set on failure.
inline int bpf(bpf_cmd command, BpfAttributes& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

}  // namespace tsrun
