#include "seccomp/compile.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>

#include "base/fd.h"
#include "seccomp/enosys.h"

namespace tsrun {
namespace {

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// libseccomp returns negative errno values.
Status refused(int result, const std::string& doing) { return {-result, doing}; }

std::string hex(uint32_t token) {
  char text[16];
  (void)snprintf(text, sizeof text, "%#x", token);
  return text;
}

bool repeats_an_index(const std::vector<SeccompArgument>& arguments) {
  unsigned seen = 0;
  for (const auto& argument : arguments) {
    const unsigned bit = 1U << (argument.index & 31);
    if ((seen & bit) != 0) return true;
    seen |= bit;
  }
  return false;
}

int add_rule(void* filter, const SeccompRule& rule, int number) {
  std::vector<scmp_arg_cmp> conditions;
  conditions.reserve(rule.arguments.size());
  for (const auto& argument : rule.arguments) {
    conditions.push_back({argument.index, static_cast<scmp_compare>(argument.op), argument.value, argument.value_two});
  }
  if (!repeats_an_index(rule.arguments)) {
    return seccomp_rule_add_array(filter, rule.action, number, static_cast<unsigned>(conditions.size()), conditions.data());
  }
  // libseccomp takes one condition an argument: profiles that have more were always read as alternatives.
  for (const auto& condition : conditions) {
    const int result = seccomp_rule_add_array(filter, rule.action, number, 1, &condition);
    if (result != 0) return result;
  }
  return 0;
}

// Returns the number of rules added.
Result<size_t> add_rules(void* filter, const SeccompProfile& profile) {
  size_t added = 0;
  for (size_t i = 0; i < profile.rules.size(); i++) {
    const auto& rule = profile.rules[i];
    // What happens anyway; libseccomp would refuse it.
    if (rule.action == profile.default_action) continue;
    for (const auto& argument : rule.arguments) {
      if (argument.index > 5) return Status{EINVAL, "compile seccomp rule " + std::to_string(i) + ": an argument's index is over 5"};
    }
    for (const auto& name : rule.names) {
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) continue;
      const int result = add_rule(filter, rule, number);
      if (result != 0) return refused(result, "compile seccomp rule " + std::to_string(i) + " (" + name + ")");
      added++;
    }
  }
  return added;
}

Result<std::vector<sock_filter>> exported(void* filter) {
  const Fd memory(memfd_create("seccomp", MFD_CLOEXEC));
  if (!memory.valid()) return failed("memfd_create");
  if (const int result = seccomp_export_bpf(filter, memory.get()); result != 0) return refused(result, "export the seccomp filter");
  const off_t size = lseek(memory.get(), 0, SEEK_END);
  if (size < 0) return failed("measure the seccomp filter");
  std::vector<sock_filter> instructions(static_cast<size_t>(size) / sizeof(sock_filter));
  const size_t bytes = instructions.size() * sizeof(sock_filter);
  if (pread(memory.get(), instructions.data(), bytes, 0) != static_cast<ssize_t>(bytes)) return failed("read the seccomp filter");
  return instructions;
}

}  // namespace

Result<std::vector<sock_filter>> compile_seccomp(const SeccompProfile& profile) {
  // The newest interface there is: our oldest kernel has all of it, and asking it costs system calls.
  (void)seccomp_api_set(6);
  const Filter filter(seccomp_init(profile.default_action), seccomp_release);
  if (filter == nullptr) return Status{EINVAL, "start a seccomp filter with default action", hex(profile.default_action)};
  for (const uint32_t token : profile.architectures) {
    const int result = seccomp_arch_add(filter.get(), token);
    if (result != 0 && result != -EEXIST) return refused(result, "add seccomp architecture " + hex(token));
  }
  auto added = add_rules(filter.get(), profile);
  if (!added.ok()) return added.status();
  // A binary tree over the numbers in place of a list. libseccomp puts four calls in a node, and fails without any rule.
  constexpr size_t kWorthATree = 8;
  if (*added > kWorthATree) {
    const int result = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (result != 0) return refused(result, "optimize the seccomp filter");
  }
  auto instructions = exported(filter.get());
  if (!instructions.ok()) return instructions;
  if (profile.unknown_is_enosys) {
    const auto stub = enosys_stub(profile);
    instructions->insert(instructions->begin(), stub.begin(), stub.end());
  }
  if (instructions->size() > BPF_MAXINSNS) {
    return Status{E2BIG, "compile the seccomp profile: " + std::to_string(instructions->size()) + " instructions"};
  }
  return instructions;
}

}  // namespace tsrun
