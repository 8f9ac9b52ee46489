#include "ns/pid.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>

#include "base/conversation.h"
#include "base/stack.h"
#include "base/syscalls.h"
#include "process/descriptors.h"
#include "rootfs/proc_instance.h"

// Up to the fork we are in the runtime's pid namespace. For the processes of the container we have no number: they can neither trace
// nor signal us, and /proc/PID, pidfd_open(2), process_vm_readv(2), kcmp(2) and the rest take numbers. So until then we may hold the
// host's descriptors, and more capabilities than they have. The child is seen from its first instant on, by processes that may have
// CAP_SYS_PTRACE, for which being undumpable is no hindrance (man 2 ptrace, "Ptrace access mode checking"). So it must be born with
// no more than the user's program will have.

namespace tsrun {

Status enter_pid_namespace(Context& context, Arguments arguments) {
  const bool terminal = arguments.number(1) != 0;
  const auto start = static_cast<int>(arguments.signed_number(Slots::kMax));
  TSRUN_TRY(arguments.finish());

  if (!context.sealed) TSRUN_TRY(hold_only(context, start, -1));

  // clone(2) and not clone3(2): a filter may be loaded by now, and many let only the former through, whose flags they can read.
  // CLONE_PARENT: the runtime waits for the child and not for us. No CLONE_VM: the memory that the container may look into is the
  // child's copy of ours, in which there is a static program and the plan. Nor CLONE_FILES or CLONE_FS: what the child does to
  // its descriptors and its root in somebody else's hands stays its own.
  const long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, 0UL);
  if (pid < 0) return failed("clone into the container's pid namespace");
  if (pid > 0) {
    // We are still unseen: what the runtime takes for the child's number is not what the child, in somebody else's hands, says.
    Text<24> number;
    number.append_number(pid);
    _exit(tell(context.sync, "born", number.view()).ok() ? 0 : 1);
  }
  // From here on every call may be another's: the container's processes may stop us between any two of them, change our registers
  // and memory, and use our descriptors and credentials. They gain what the user's program would give them a moment later; over
  // the conversation, an end of it or a failure in words of their own.
  if (setsid() < 0) return failed("setsid");
  if (terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) return failed("make it the controlling terminal");
  return {};
}

Status pid_namespace(Context& context, Arguments arguments) {
  const auto slot = arguments.number(Slots::kMax);
  TSRUN_TRY(arguments.finish());
  return prepare_proc_instance(context, context.slots.get(slot));
}

Status forget(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  if (context.reply != nullptr) {
    munmap(context.reply, context.reply_size);
    context.reply = nullptr;
    context.reply_size = 0;
  }
  forget_stack();
  return context.plan->forget();
}

}  // namespace tsrun
