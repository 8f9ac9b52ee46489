// The device controller of cgroup v2 is an eBPF program (Documentation/admin-guide/cgroup-v2.rst, "Device controller").
#pragma once

#include <cstdint>
#include <span>

#include "base/status.h"

namespace tsrun {

// Loads `instructions` (8 bytes each, struct bpf_insn) as BPF_PROG_TYPE_CGROUP_DEVICE and attaches the program to the
// cgroup open as `cgroup`, in place of those attached to it before. At no moment is the cgroup without a filter, and a
// failure leaves what was there. EPERM: the kernel allows it to CAP_BPF and CAP_NET_ADMIN of the initial user namespace only.
Status attach_device_filter(int cgroup, std::span<const uint8_t> instructions);

}  // namespace tsrun
