// Signal dispositions and mask as every program expects them at its start.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "base/status.h"

namespace tsrun {

// Every signal to its default action and none blocked: what the caller ignored (SIGPIPE) or blocked survives execve
// otherwise (man 7 signal). Async-signal-safe, and right in a child that shares our memory: dispositions are its own.
inline Status reset_signals() {
  // Raw: the C library refuses to touch the numbers it keeps for itself. All zeros is SIG_DFL without flags or mask in the
  // kernel's struct sigaction, in whatever order the architecture has its fields.
  const uint64_t action[8] = {};
  constexpr size_t kSetSize = 8;
  constexpr int kLast = 64;
  for (int signal = 1; signal <= kLast; signal++) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    if (syscall(SYS_rt_sigaction, signal, action, nullptr, kSetSize) != 0) return failed("reset signal dispositions");
  }
  const uint64_t none = 0;
  if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kSetSize) != 0) return failed("reset the signal mask");
  return {};
}

}  // namespace tsrun
