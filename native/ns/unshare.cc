#include "ns/unshare.h"

#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "base/conversation.h"
#include "base/syscalls.h"
#include "process/dumpable.h"

namespace tsrun {

Status unshare_namespaces(Context& context, Arguments arguments) {
  const auto flags = static_cast<int>(arguments.number(INT32_MAX));
  TSRUN_TRY(arguments.finish());
  if (unshare(flags) != 0) return failed("unshare namespaces");
  return (flags & CLONE_NEWUSER) != 0 ? stay_hidden(context) : Status();
}

Status fork_stage(Context& context, Arguments arguments) {
  const auto flags = arguments.number(INT32_MAX);
  TSRUN_TRY(arguments.finish());

  clone_args request = {};
  // CLONE_PARENT: the runtime waits for, and is told the pid of, the child and not of us.
  request.flags = flags | CLONE_PARENT;
  // The child is the first in its new pid namespace, or has a number in the runtime's only.
  const pid_t pid = sys::clone3(request);
  if (pid < 0) return failed("clone3");
  if (pid > 0) _exit(0);
  // The kernel did not pass it on. The message fails when the runtime has ended before: check_runtime in init/main.cc says why.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return failed("prctl PR_SET_PDEATHSIG");
  // The message carries our pid as the runtime's pid namespace has it: SCM_CREDENTIALS.
  return tell(context.sync, "forked");
}

}  // namespace tsrun
