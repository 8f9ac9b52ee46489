#include "ns/spawn_host.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "base/syscalls.h"

namespace tsrun {
namespace {

constexpr unsigned kMfdExec = 0x0010U;  // MFD_EXEC, Linux 6.3
constexpr size_t kStackSize = 65536;

// memfd_create with MFD_EXEC where the kernel knows it (vm.memfd_noexec may demand it).
Result<Fd> make_memfd(const char* name, bool executable) {
  int fd = executable ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | kMfdExec) : -1;
  if (fd < 0) fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return failed("memfd_create", name);
  return Fd(fd);
}

Status seal(const Fd& fd) {
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) return failed("seal a memfd");
  return {};
}

// A copy of the program that nobody can write to: the container sees it as /proc/1/exe (CVE-2019-5736).
Result<Fd> sealed_program(const Part& part) {
  const std::string& path = part.path;
  auto opened = open_part(part, O_RDONLY);
  TSRUN_TRY(opened.status());
  const Fd source = std::move(*opened);
  struct stat status = {};
  if (fstat(source.get(), &status) != 0) return failed("stat", path);
  auto copy = make_memfd("tsrun-init", true);
  TSRUN_TRY(copy.status());
  for (off_t at = 0; at < status.st_size;) {
    const ssize_t sent = sendfile(copy->get(), source.get(), &at, static_cast<size_t>(status.st_size - at));
    if (sent <= 0) return failed("copy", path);
  }
  TSRUN_TRY(seal(*copy));
  // A file that anybody has open for writing cannot be executed (ETXTBSY): keep it open for reading only.
  const std::string self = "/proc/self/fd/" + std::to_string(copy->get());
  Fd readable(open(self.c_str(), O_RDONLY | O_CLOEXEC));
  if (!readable.valid()) return failed("open", "the copy of tsrun-init");
  return readable;
}

Result<Fd> sealed_plan(const std::string& plan) {
  auto fd = make_memfd("tsrun-plan", false);
  TSRUN_TRY(fd.status());
  for (size_t at = 0; at < plan.size();) {
    const ssize_t written = write(fd->get(), plan.data() + at, plan.size() - at);
    if (written < 0) return failed("write", "the plan");
    at += static_cast<size_t>(written);
  }
  TSRUN_TRY(seal(*fd));
  return fd;
}

// What the child needs; it shares our memory until it executes, so it also leaves its errno here.
struct Child {
  const SpawnRequest* request;
  int program;
  char* const* argv;
  const std::vector<int>* keep;
  int err = 0;
  const char* doing = "";
};

bool keep_open(int fd) { return fcntl(fd, F_SETFD, 0) == 0; }

// Raises every capability into the ambient set: our user id has no mapping in the new user namespace yet, and such a
// process would lose them all at exec (man 7 capabilities).
bool keep_capabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  for (auto& word : data) word.inheritable = word.permitted;
  if (syscall(SYS_capset, &header, data) != 0) return false;
  for (unsigned capability = 0; capability < 64; capability++) {
    if ((data[capability / 32].permitted & (1U << (capability % 32))) == 0) continue;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return false;
  }
  return true;
}

// Runs in the child, on its own stack but in our memory: system calls only.
int child_main(void* argument) {
  auto* child = static_cast<Child*>(argument);
  const auto& request = *child->request;
  const auto give_up = [child](const char* doing) {
    child->err = errno;
    child->doing = doing;
    return 1;
  };
  for (int fd = 0; fd < 3; fd++) {
    if (request.stdio[fd] >= 0 && dup2(request.stdio[fd], fd) < 0) return give_up("dup2");
    if (request.stdio[fd] < 0) keep_open(fd);
  }
  // The engine leaves descriptors of its own without close-on-exec: everything is closed but what is named.
  if (sys::close_range(3, ~0U, sys::kCloseRangeCloexec) != 0) return give_up("close_range");
  for (const int fd : *child->keep) {
    if (!keep_open(fd)) return give_up("keep a descriptor open");
  }
  if ((request.flags & CLONE_NEWUSER) != 0 && !keep_capabilities()) return give_up("keep capabilities");
  char* environment[] = {nullptr};
  sys::execveat(child->program, "", child->argv, environment, AT_EMPTY_PATH);
  return give_up("execute tsrun-init");
}

// clone3 with CLONE_VM: the child gets `stack` and calls `function`, then exits. Returns in the parent only.
long clone3_call(const clone_args& arguments, int (*function)(void*), void* argument) {
#if defined(__x86_64__)
  register int (*function_register)(void*) asm("r12") = function;
  register void* argument_register asm("r13") = argument;
  long result;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r13, %%rdi\n\t"
      "call *%%r12\n\t"
      "mov %%eax, %%edi\n\t"
      "mov %[exit], %%eax\n\t"
      "syscall\n\t"
      "hlt\n\t"
      "1:"
      : "=a"(result)
      : "a"(SYS_clone3), "D"(&arguments), "S"(sizeof arguments), "r"(function_register), "r"(argument_register), [exit] "i"(SYS_exit)
      : "rcx", "r11", "memory", "cc");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = SYS_clone3;
  register long x0 asm("x0") = reinterpret_cast<long>(&arguments);
  register long x1 asm("x1") = sizeof arguments;
  register int (*x19)(void*) asm("x19") = function;
  register void* x20 asm("x20") = argument;
  asm volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, xzr\n\t"
      "mov x0, x20\n\t"
      "blr x19\n\t"
      "mov x8, %[exit]\n\t"
      "svc #0\n\t"
      "1:"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x19), "r"(x20), [exit] "i"(SYS_exit)
      : "x30", "memory", "cc");
  return x0;
#else
#error "tsrun supports x86_64 and aarch64"
#endif
}

}  // namespace

Result<Spawned> spawn_init(const SpawnRequest& request) {
  auto program = sealed_program(request.init);
  TSRUN_TRY(program.status());
  auto plan = sealed_plan(request.plan);
  TSRUN_TRY(plan.status());
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return failed("socketpair");
  Spawned spawned;
  spawned.sync.reset(pair[0]);
  const Fd theirs(pair[1]);
  // The pid in a message is the sender's as our pid namespace has it (man 7 unix).
  const int on = 1;
  if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) return failed("setsockopt SO_PASSCRED");
  struct stat status = {};
  if (fstat(program->get(), &status) != 0) return failed("stat", "tsrun-init");
  spawned.exe_device = status.st_dev;
  spawned.exe_inode = status.st_ino;

  std::vector<int> keep = request.slots;
  keep.push_back(theirs.get());
  keep.push_back(plan->get());
  for (const int fd : request.inherited) {
    if (fd >= 3 && static_cast<unsigned>(fd) < 3 + request.preserved) keep.push_back(fd);
  }
  std::string slots;
  for (const int fd : request.slots) slots += (slots.empty() ? "" : ",") + std::to_string(fd);
  std::string name = "tsrun-init";
  std::string sync_number = std::to_string(theirs.get());
  std::string plan_number = std::to_string(plan->get());
  std::string trace = "trace";
  char* argv[] = {name.data(), sync_number.data(), plan_number.data(), slots.data(), request.trace ? trace.data() : nullptr, nullptr};

  void* stack = mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return failed("allocate a stack");
  Child child = {&request, program->get(), argv, &keep};
  int pidfd = -1;
  clone_args arguments = {};
  // CLONE_VM | CLONE_VFORK: no copy of the engine's page tables, and no copy of the engine runs on.
  arguments.flags = request.flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  arguments.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  arguments.stack = reinterpret_cast<uint64_t>(stack);
  arguments.stack_size = kStackSize;
  // Who may write to the container's cgroup, also from inside, can freeze or kill the child there, even before it executes: we fail or
  // wait, and nothing of ours can be read by that. Only where memory.oom.group is set and the cgroup runs out of memory we are killed with
  // the child, whose memory is ours until it executes (kernel: __oom_kill_process).
  if (request.cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<uint64_t>(request.cgroup);
  }

  // A signal handler of ours must not run in the child, in our memory; init unblocks for itself.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // In our own pid namespace, or a new one: in neither is there a process of a container that could see the child while it shares our
  // memory. Into one that has processes already goes init itself, last (ns/pid.cc).
  const long pid = clone3_call(arguments, child_main, &child);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  munmap(stack, kStackSize);
  if (pid < 0) return Status(static_cast<int>(-pid), request.cgroup >= 0 ? "clone3 into the container's cgroup" : "clone3");
  spawned.pid = static_cast<pid_t>(pid);
  spawned.pidfd.reset(pidfd);
  if (child.err != 0) {
    siginfo_t info = {};
    waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | __WALL);
    return Status(child.err, child.doing);
  }
  return spawned;
}

}  // namespace tsrun
