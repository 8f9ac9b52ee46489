// Starts a program from a process that may have other threads, and waits for it.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

// A program and what it gets; nothing else reaches it: no other descriptor (and so no lock), default signal dispositions, an
// empty mask. It gets SIGKILL when we end first, unless it is to go on.
struct Program {
  const char* path = nullptr;
  int file = -1;  // what is executed, open with O_PATH or for reading; -1: what `path` names, which is for the errors otherwise
  char* const* argv = nullptr;
  char* const* envp = nullptr;
  const char* cwd = nullptr;      // nullptr: ours
  int directory = -1;             // the same by descriptor; -1: by `cwd`
  int streams[3] = {-1, -1, -1};  // descriptors to become 0, 1 and 2; -1: ours
  bool outlives = false;          // goes on when we end: it has an end of its own
  bool group = false;             // leads a process group of its own, to be killed as one
  // Called in the child as the last before execve, with `confinement`; false with errno set when it cannot be. System calls only.
  bool (*confine)(const void* confinement) = nullptr;
  const void* confinement = nullptr;
};

struct Child {
  pid_t pid = -1;
  Fd pidfd;
};

// Starts it with vfork's means: no copy of our memory, and execve's failure is known at once. What is left behind is
// one child to be reaped by `reap`.
Result<Child> start(const Program& program);

// Waits until the child has ended: its exit status, or 128 + the signal that ended it. ECHILD when it is not ours, or was
// reaped by someone else.
Result<int> reap(int pidfd);

}  // namespace tsrun
