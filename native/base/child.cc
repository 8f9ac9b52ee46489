#include "base/child.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>

#include "base/syscalls.h"
#include "process/signals.h"

namespace tsrun {
namespace {

constexpr size_t kStackSize = 64 << 10;
constexpr size_t kSignalSetSize = 8;

// What parent and child share while the parent stands still.
struct Birth {
  const Program* program;
  pid_t parent;
  int err = 0;
  const char* doing = "";
};

// Puts `streams` to 0, 1 and 2, whatever numbers they have, and lets nothing but these through.
bool place_streams(const int (&wanted)[3]) {
  int streams[3];
  for (int i = 0; i < 3; i++) {
    streams[i] = wanted[i];
    // Out of the way of the places to be filled.
    if (streams[i] >= 0 && streams[i] < 3 && (streams[i] = fcntl(streams[i], F_DUPFD_CLOEXEC, 3)) < 0) return false;
  }
  if (sys::close_range(3, ~0U, sys::kCloseRangeCloexec) != 0) return false;
  for (int i = 0; i < 3; i++) {
    if (streams[i] >= 0) {
      if (dup2(streams[i], i) < 0) return false;
    } else if (const int flags = fcntl(i, F_GETFD); flags > 0) {
      // An engine may have marked its own streams.
      fcntl(i, F_SETFD, flags & ~FD_CLOEXEC);
    }
  }
  return true;
}

// The child: async-signal-safe calls only (man 7 signal-safety), and nothing of the parent's memory changed but `Birth`.
int become(void* argument) {
  auto& birth = *static_cast<Birth*>(argument);
  const Program& program = *birth.program;
  const auto give_up = [&birth](const char* doing) {
    birth.err = errno;
    birth.doing = doing;
    // Not the C library's, which tries for ever where a filter answers with an error.
    syscall(SYS_exit_group, 127);
    __builtin_trap();
  };
  // It must not go on without us: what it is for (a hook, an id map, an answer) nobody would hear, and it would look like ours.
  // execve keeps this, other than for set-user-id programs; what the program starts itself is free of it (man 2
  // PR_SET_PDEATHSIG). A parent that ended before is seen afterwards: it is not our parent any more. 0: it is, in a pid namespace outside
  // of ours; whoever takes its place is in ours (man 7 pid_namespaces).
  if (!program.outlives && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up("prctl PR_SET_PDEATHSIG for");
  if (const pid_t parent = getppid(); parent != 0 && parent != birth.parent) _exit(127);
  if (!reset_signals().ok()) give_up("reset signals for");
  if (program.group && setpgid(0, 0) != 0) give_up("setpgid for");
  // Before its descriptor may make way for a stream.
  if (program.directory >= 0 && fchdir(program.directory) != 0) give_up("enter the root directory for");
  int file = program.file;
  if (file >= 0 && file < 3 && (file = fcntl(file, F_DUPFD_CLOEXEC, 3)) < 0) give_up("keep the file of");
  if (!place_streams(program.streams)) give_up("redirect the streams of");
  if (program.cwd != nullptr && chdir(program.cwd) != 0) give_up("enter the working directory of");
  if (program.confine != nullptr && !program.confine(program.confinement)) give_up("confine");
  if (file >= 0) {
    sys::execveat(file, "", program.argv, program.envp, AT_EMPTY_PATH);
  } else {
    execve(program.path, program.argv, program.envp);
  }
  give_up("exec");
  return 127;
}

}  // namespace

Result<Child> start(const Program& program) {
  void* stack = mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return failed("start", program.path);
  Birth birth = {&program, getpid()};

  // A signal handler of ours that ran in the child would run on our memory.
  const uint64_t all = ~0ULL;
  uint64_t before = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, kSignalSetSize);
  int pidfd = -1;
  // Where processes of a container can see this child they see us, too, in the same memory: it has nothing that we have not.
  const pid_t pid = clone(become, static_cast<char*>(stack) + kStackSize, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &birth, &pidfd);
  const int err = errno;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, kSignalSetSize);
  munmap(stack, kStackSize);

  if (pid < 0) return Status(err, "start", program.path);
  Child child;
  child.pid = pid;
  child.pidfd.reset(pidfd);
  if (birth.err != 0) {
    (void)reap(pidfd).ok();
    return Status(birth.err, birth.doing, program.path);
  }
  return child;
}

Result<int> reap(int pidfd) {
  constexpr auto kPidfd = static_cast<idtype_t>(3);  // P_PIDFD
  siginfo_t info = {};
  int result = 0;
  do {
    result = waitid(kPidfd, static_cast<id_t>(pidfd), &info, WEXITED);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return failed("wait for the child");
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace tsrun
