#include "process/memory_policy.h"

#include "base/mask.h"
#include "base/syscalls.h"

namespace tsrun {

Status memory_policy(Context&, Arguments arguments) {
  const char* name = arguments.text();
  const auto mode = static_cast<int>(arguments.number(INT32_MAX));
  const Mask nodes = mask_of(arguments);
  TSRUN_TRY(arguments.finish());
  const auto* words = nodes.count == 0 ? nullptr : nodes.words;
  // Others with our user cannot change it: it is the caller's own, and kept over execve(2).
  if (sys::set_mempolicy(mode, words, nodes.count == 0 ? 0 : nodes.bits() + 1) != 0) return failed("set memory policy", name);
  return {};
}

}  // namespace tsrun
