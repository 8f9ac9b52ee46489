#include "seccomp/load_report.h"

#include <sched.h>

#include <ctime>

#include "base/conversation.h"
#include "base/syscalls.h"
#include "process/capabilities.h"

namespace tsrun {
namespace {

enum State : int { kNone, kWatching, kFailed };

// What the two threads share.
struct Watch {
  int state = kNone;
  int alive = 1;  // of the thread that is watched: the kernel clears it as it ends (man 2 set_tid_address)
  int socket = -1;
  size_t step = 0;
  std::string_view op;
  const Status* status = nullptr;
};
Watch watch;

constexpr long kPollNanoseconds = 100'000;

alignas(16) char stack[16 * 1024];

int run_watch(void*) {
  // Others who can trace us can trace this thread: without capabilities it is worth no more to them than the program, but for the filter.
  // What loading the filter takes without no_new_privs; this thread needs none of it.
  (void)set_capabilities({});
  const timespec pause = {0, kPollNanoseconds};
  while (__atomic_load_n(&watch.state, __ATOMIC_ACQUIRE) == kWatching && __atomic_load_n(&watch.alive, __ATOMIC_ACQUIRE) != 0) {
    nanosleep(&pause, nullptr);
  }
  if (watch.state == kFailed) {
    tell_failure(watch.socket, watch.step, watch.op, *watch.status);
  } else {
    tell_failure(watch.socket, 0, "exec", {kNoErrorWords, "the seccomp profile ends a process that executes a program"});
  }
  syscall(SYS_exit_group, 1);
  __builtin_trap();
}

}  // namespace

void watch_from_outside(const Context& context) {
  watch.socket = context.sync;
  watch.state = kWatching;
  syscall(SYS_set_tid_address, &watch.alive);
  // Without TSYNC a filter is for the thread that loads it and its children (man 2 seccomp).
  constexpr int kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  if (clone(run_watch, stack + sizeof stack, kThread, nullptr) < 0) watch.state = kNone;
}

void report_from_outside(size_t step, std::string_view op, const Status& status) {
  if (watch.state == kNone) return;
  watch.step = step;
  watch.op = op;
  watch.status = &status;
  __atomic_store_n(&watch.state, static_cast<int>(kFailed), __ATOMIC_RELEASE);
  for (;;) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}

}  // namespace tsrun
