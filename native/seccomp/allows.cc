#include "seccomp/allows.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <csignal>
#include <cstring>
#include <string_view>

namespace tsrun {
namespace {

struct Call {
  std::string_view name;
  long number;
  uint64_t arguments[6];
};

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

// Arguments that are addresses, sizes or descriptors are 0: no profile asks for them.
constexpr Call kCalls[] = {
    {"clone", SYS_clone, {CLONE_PARENT | SIGCHLD}},
    {"setsid", SYS_setsid, {}},
    {"ioctl", SYS_ioctl, {0, TIOCSCTTY}},
    {"write", SYS_write, {}},
    {"exit_group", SYS_exit_group, {}},
    {"close", SYS_close, {}},
    {"sendmsg", SYS_sendmsg, {}},
    {"capset", SYS_capset, {}},
    {"recvfrom", SYS_recvfrom, {}},
    {"accept4", SYS_accept4, {}},
    {"execve", SYS_execve, {}},
    {"mmap", SYS_mmap, {}},
    // To run a hook (base/run.cc).
    {"hook", SYS_clone, {CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD}},
    {"hook", SYS_memfd_create, {}},
    {"hook", SYS_pwrite64, {}},
    {"hook", SYS_pipe2, {}},
    {"hook", SYS_fcntl, {}},
    {"hook", SYS_munmap, {}},
    {"hook", SYS_read, {}},
    {"hook", SYS_waitid, {}},
    {"hook", SYS_kill, {}},
    {"hook", SYS_pidfd_send_signal, {}},
    {"hook", SYS_rt_sigaction, {}},
    {"hook", SYS_rt_sigprocmask, {}},
    {"hook", SYS_getppid, {}},
    {"hook", SYS_setpgid, {}},
    {"hook", SYS_close_range, {}},
    {"hook", SYS_prctl, {PR_SET_PDEATHSIG, SIGKILL}},
#if defined(__x86_64__)
    {"hook", SYS_poll, {}},
    {"hook", SYS_dup2, {}},
#else
    {"hook", SYS_ppoll, {}},
    {"hook", SYS_dup3, {}},
#endif
};

uint32_t word_of(const seccomp_data& data, uint32_t offset) {
  uint32_t word = 0;
  if (offset <= sizeof data - sizeof word) memcpy(&word, reinterpret_cast<const char*>(&data) + offset, sizeof word);
  return word;
}

// The classic BPF of seccomp filters (Documentation/networking/filter.rst), as far as libseccomp makes use of it.
Result<uint32_t> run(const std::vector<sock_filter>& filter, const seccomp_data& data) {
  uint32_t a = 0;
  uint32_t x = 0;
  uint32_t memory[BPF_MEMWORDS] = {};
  for (size_t at = 0; at < filter.size(); at++) {
    const auto& instruction = filter[at];
    const auto k = instruction.k;
    const auto branch = [&](bool taken) { at += taken ? instruction.jt : instruction.jf; };
    switch (instruction.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        a = word_of(data, k);
        break;
      case BPF_LD | BPF_IMM:
        a = k;
        break;
      case BPF_LD | BPF_MEM:
        a = memory[k % BPF_MEMWORDS];
        break;
      case BPF_ST:
        memory[k % BPF_MEMWORDS] = a;
        break;
      case BPF_MISC | BPF_TAX:
        x = a;
        break;
      case BPF_MISC | BPF_TXA:
        a = x;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= k;
        break;
      case BPF_JMP | BPF_JA:
        at += k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        branch(a == k);
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        branch(a > k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        branch(a >= k);
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        branch((a & k) != 0);
        break;
      case BPF_RET | BPF_K:
        return k;
      case BPF_RET | BPF_A:
        return a;
      default:
        return Status(EINVAL, "evaluate a seccomp filter");
    }
  }
  return Status(EINVAL, "evaluate a seccomp filter");
}

}  // namespace

Result<bool> filter_allows(const std::vector<sock_filter>& filter, const std::vector<std::string>& calls) {
  for (const auto& name : calls) {
    bool known = false;
    for (const auto& call : kCalls) {
      if (call.name != name) continue;
      known = true;
      seccomp_data data = {};
      data.nr = static_cast<int>(call.number);
      data.arch = kArchitecture;
      memcpy(data.args, call.arguments, sizeof data.args);
      auto answer = run(filter, data);
      TSRUN_TRY(answer.status());
      const uint32_t action = *answer & SECCOMP_RET_ACTION_FULL;
      if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG) return false;
    }
    if (!known) return Status(ENOSYS, "evaluate a seccomp filter for", name);
  }
  return true;
}

}  // namespace tsrun
