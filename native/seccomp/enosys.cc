#include "seccomp/enosys.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cstddef>
#include <map>

namespace tsrun {
namespace {

// x32 is a mode of x86_64: the same architecture to the kernel, with this bit in the number.
constexpr uint32_t kX32Bit = 0x40000000;

// The highest number the profile names; -1: none that this architecture has.
int highest_number(const SeccompProfile& profile, uint32_t token) {
  int highest = -1;
  for (const auto& rule : profile.rules) {
    for (const auto& name : rule.names) highest = std::max(highest, seccomp_syscall_resolve_name_arch(token, name.c_str()));
  }
  return highest;
}

struct Highest {
  int plain = -1;
  int x32 = -1;  // with kX32Bit
};

sock_filter statement(unsigned code, uint32_t k) { return BPF_STMT(static_cast<uint16_t>(code), k); }

sock_filter jump(unsigned code, uint32_t k, size_t if_true, size_t if_false) {
  return BPF_JUMP(static_cast<uint16_t>(code), k, static_cast<uint8_t>(if_true), static_cast<uint8_t>(if_false));
}

// With the number loaded: returns ENOSYS above `highest`. Falls through to what follows otherwise.
void append_check(std::vector<sock_filter>& program, int highest) {
  if (highest < 0) return;
  program.push_back(jump(BPF_JMP | BPF_JGT | BPF_K, static_cast<uint32_t>(highest), 0, 1));
  program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
}

// One architecture, with the architecture loaded: jumps over itself if it is another.
std::vector<sock_filter> section_of(uint32_t architecture, const Highest& highest) {
  std::vector<sock_filter> body = {statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  if (architecture == AUDIT_ARCH_X86_64) {
    std::vector<sock_filter> plain;
    append_check(plain, highest.plain);
    std::vector<sock_filter> x32;
    append_check(x32, highest.x32);
    plain.push_back(statement(BPF_JMP | BPF_JA, static_cast<uint32_t>(x32.size())));
    body.push_back(jump(BPF_JMP | BPF_JSET | BPF_K, kX32Bit, plain.size(), 0));
    body.insert(body.end(), plain.begin(), plain.end());
    body.insert(body.end(), x32.begin(), x32.end());
  } else {
    append_check(body, highest.plain);
  }
  // Out of the stub: the distance is known when all of it is there.
  body.push_back(statement(BPF_JMP | BPF_JA, 0));
  body.insert(body.begin(), jump(BPF_JMP | BPF_JEQ | BPF_K, architecture, 0, body.size()));
  return body;
}

}  // namespace

std::vector<sock_filter> enosys_stub(const SeccompProfile& profile) {
  std::vector<uint32_t> tokens = profile.architectures;
  tokens.push_back(seccomp_arch_native());
  std::map<uint32_t, Highest> architectures;
  for (const uint32_t token : tokens) {
    const int highest = highest_number(profile, token);
    if (highest < 0) continue;
    if (token == SCMP_ARCH_X32) {
      architectures[AUDIT_ARCH_X86_64].x32 = highest;
    } else {
      architectures[token].plain = highest;
    }
  }
  if (architectures.empty()) return {};

  std::vector<sock_filter> program = {statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch))};
  std::vector<size_t> ways_out;
  for (const auto& [architecture, highest] : architectures) {
    const auto section = section_of(architecture, highest);
    program.insert(program.end(), section.begin(), section.end());
    ways_out.push_back(program.size() - 1);
  }
  for (const size_t at : ways_out) program[at].k = static_cast<uint32_t>(program.size() - at - 1);
  return program;
}

}  // namespace tsrun
