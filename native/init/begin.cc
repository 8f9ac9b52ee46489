#include "init/begin.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <utility>

#include "base/conversation.h"
#include "process/descriptors.h"
#include "process/signals.h"

namespace tsrun {
namespace {

constexpr int kStartSlot = 0;

// Takes connections until one says more than nothing: a caller that only looked, or died, does not start a container.
Status wait_for_start(Context& context, int listener) {
  for (;;) {
    // Its file is in the state root, where the container does not get. Who has taken the listener itself can answer `start` in our
    // place, which then believes that we go on.
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return failed("wait for start");
    }
    context.sync = socket;
    if (hear(context, socket).ok()) return {};
    close(socket);
  }
}

// From here on the runtime may end at any time. Where it is still to say something, not hearing it ends us.
void let_go(Context& context) {
  if (context.let_go) return;
  context.let_go = true;
  context.proc.reset();
  context.null.reset();
  context.root.reset();
  prctl(PR_SET_PDEATHSIG, 0);
}

void end(int signal) { _exit(128 + signal); }

// The first process of a pid namespace gets no signal from inside that it has no handler for, and from outside SIGKILL and SIGSTOP
// only (man 7 pid_namespaces). Whoever sends one of these while we wait wants us gone. `exec` makes them what they were.
Status end_at_signals() {
  struct sigaction action = {};
  action.sa_handler = end;
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGTERM}) {
    if (sigaction(signal, &action, nullptr) != 0) return failed("sigaction");
  }
  return {};
}

}  // namespace

Status ask(Context& context, Arguments arguments) {
  const char* what = arguments.text();
  TSRUN_TRY(arguments.finish());
  return ask_runtime(context, what);
}

Status ready(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  if (!context.sealed) {
    let_go(context);
    TSRUN_TRY(end_at_signals());
  }
  TSRUN_TRY(tell(context.sync, "ready"));
  TSRUN_TRY(hear(context, context.sync));
  // An answer with a state in it is the start itself (`run`, `exec`); an empty one lets us go (`create`).
  if (context.reply[0] != 0) return {};
  // From here on `exec` may bring in processes that can look at us: nothing is open but what the program gets and where `start` knocks.
  const int conversation = std::exchange(context.sync, -1);
  if (context.sealed) {
    close(conversation);
  } else {
    TSRUN_TRY(hold_only(context, kStartSlot, -1));
  }
  return wait_for_start(context, context.slots.get(kStartSlot));
}

Status begin(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  return tell(context.sync, "begin");
}

Status seal(Context& context, Arguments arguments) {
  const auto start = static_cast<int>(arguments.signed_number(Slots::kMax));
  const auto listener = static_cast<int>(arguments.signed_number(Slots::kMax));
  TSRUN_TRY(arguments.finish());
  let_go(context);
  TSRUN_TRY(reset_signals());
  if (start >= 0) TSRUN_TRY(end_at_signals());
  TSRUN_TRY(hold_only(context, start, listener));
  context.sealed = true;
  return seal_descriptors(context.preserved);
}

Status exec(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  if (context.program == nullptr) return {EINVAL, "execute: the plan names no program"};
  // Looked up anew: if it is another file by now, that is executed, with the same rights. What executes is the container's own.
  execve(context.program, context.argv, context.envp);
  return failed("exec", context.program);
}

Status fail(Context&, Arguments arguments) {
  const auto err = static_cast<int>(arguments.number(4095));
  TSRUN_TRY(arguments.finish());
  return {err, "fail"};
}

}  // namespace tsrun
