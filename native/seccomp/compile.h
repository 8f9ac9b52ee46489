// From a profile to the filter that the kernel loads, by way of libseccomp.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace tsrun {

// One condition on an argument of a system call.
struct SeccompArgument {
  unsigned index = 0;  // 0 to 5
  int op = 0;          // enum scmp_compare
  uint64_t value = 0;  // the mask with SCMP_CMP_MASKED_EQ
  uint64_t value_two = 0;
};

struct SeccompRule {
  uint32_t action = 0;  // SCMP_ACT_*, with its data
  std::vector<std::string> names;
  std::vector<SeccompArgument> arguments;  // all must hold; if two are about the same argument, any
};

struct SeccompProfile {
  uint32_t default_action = 0;
  std::vector<uint32_t> architectures;  // SCMP_ARCH_*, on top of the native one
  std::vector<SeccompRule> rules;
  bool unknown_is_enosys = false;  // ENOSYS for system calls with a higher number than any the profile names
};

// Names that libseccomp does not know are left out. The failure's text names the rule or the architecture.
Result<std::vector<sock_filter>> compile_seccomp(const SeccompProfile& profile);

}  // namespace tsrun
