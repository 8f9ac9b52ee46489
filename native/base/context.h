// What the steps of one container's first process share.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/plan_reader.h"
#include "base/status.h"

namespace tsrun {

// The descriptors the host handed over, by the number the plan calls them (src/plan/encode.ts numbers the slots).
struct Slots {
  static constexpr size_t kMax = 64;
  int fds[kMax];
  size_t count = 0;

  // The descriptor in slot `number`, or -1. Stays owned by the slots: duplicate it to keep it.
  [[nodiscard]] int get(size_t number) const { return number < count ? fds[number] : -1; }
  // Gives it away.
  [[nodiscard]] int take(size_t number) { return number < count ? std::exchange(fds[number], -1) : -1; }
};

struct Context {
  int sync = -1;  // SOCK_SEQPACKET to the runtime, -1 once it has let go
  Slots slots;
  Fd proc;                // the runtime's /proc, verified to be procfs: the only way to files below /proc
  Fd null;                // the runtime's /dev/null, verified to be char device 1:3: what masked files are covered with
  Fd root;                // O_PATH: the container's root directory; every path inside is resolved below it with RESOLVE_IN_ROOT
  Fd empty;               // the tmpfs that masked directories are covered with, once there is one; gone when the root is in place
  Text<4096> home;        // HOME as the container's /etc/passwd has it, for a config that does not set it
  char* reply = nullptr;  // what the runtime answered last (the state as JSON where a hook follows), NUL-terminated
  size_t reply_size = 0;
  const char* program = nullptr;  // resolved path of the user's program
  char** argv = nullptr;
  char** envp = nullptr;
  PlanReader* plan = nullptr;  // what is being carried out
  Fd procfs;                   // to the helper that opens them there, if one is needed
  int pid_namespace = -1;      // slot's descriptor of the pid namespace that only our children will be in; -1: we are in it
  bool cwd_entered = false;    // the working directory is the one that was asked for
  bool hidden = false;         // undumpable, and to stay it
  unsigned preserved = 0;      // descriptors 3 to 3 + preserved - 1 go to the user's program
  bool trace = false;          // the runtime wants to hear of each step that it is done
  bool let_go = false;         // the runtime's end is not ours any more (PR_SET_PDEATHSIG)
  bool sealed = false;         // nothing is left to be done for ourselves: a filter may forbid it
};

// A step: reads its arguments completely (`Arguments::finish`), then acts.
using StepFunction = Status (*)(Context&, Arguments);

}  // namespace tsrun
