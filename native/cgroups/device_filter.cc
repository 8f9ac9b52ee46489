#include "cgroups/device_filter.h"

#include <string>
#include <vector>

#include "base/fd.h"
#include "cgroups/bpf.h"

namespace tsrun {
namespace {

// The kernel has room for this many programs on one cgroup (BPF_CGROUP_MAX_PROGS).
constexpr uint32_t kMaxPrograms = 64;

uint64_t address_of(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

// The last line of the verifier's log that says something: the reason comes before its statistics.
std::string reason_of(const std::string& log) {
  std::string reason;
  for (size_t start = 0; start < log.size();) {
    size_t end = log.find('\n', start);
    if (end == std::string::npos) end = log.size();
    const std::string line = log.substr(start, end - start);
    if (!line.empty() && !line.starts_with("processed ")) reason = line;
    start = end + 1;
  }
  return reason;
}

Result<Fd> load(std::span<const uint8_t> instructions) {
  BpfAttributes attributes = {};
  attributes.is.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.is.insns = address_of(instructions.data());
  attributes.is.insn_cnt = static_cast<uint32_t>(instructions.size() / sizeof(bpf_insn));
  attributes.is.license = address_of("Apache-2.0");
  // a signal interrupts the verifier with EAGAIN
  int fd = -1;
  for (int attempt = 0; attempt < 30; attempt++) {
    fd = bpf(BPF_PROG_LOAD, attributes);
    if (fd >= 0) return Fd(fd);
    if (errno != EAGAIN) break;
  }
  const int err = errno;
  if (err == EPERM || err == ENOSYS) return Status(err, "load the device filter");
  std::string log(65536, '\0');
  attributes.is.log_level = 1;
  attributes.is.log_buf = address_of(log.data());
  attributes.is.log_size = static_cast<uint32_t>(log.size());
  fd = bpf(BPF_PROG_LOAD, attributes);
  if (fd >= 0) return Fd(fd);
  log.resize(log.find('\0') == std::string::npos ? log.size() : log.find('\0'));
  const std::string reason = reason_of(log);
  return Status(err, "load the device filter", reason.empty() ? reason : "(" + reason + ")");
}

// The programs attached to this very cgroup, without those a security module hides from us: they stay.
Result<std::vector<Fd>> attached(int cgroup) {
  uint32_t ids[kMaxPrograms] = {};
  BpfAttributes query = {};
  query.is.query.target_fd = static_cast<uint32_t>(cgroup);
  query.is.query.attach_type = BPF_CGROUP_DEVICE;
  query.is.query.prog_ids = address_of(ids);
  query.is.query.prog_cnt = kMaxPrograms;
  if (bpf(BPF_PROG_QUERY, query) != 0) return failed("query device filters");
  std::vector<Fd> programs;
  for (uint32_t index = 0; index < query.is.query.prog_cnt; index++) {
    BpfAttributes get = {};
    get.is.prog_id = ids[index];
    Fd fd(bpf(BPF_PROG_GET_FD_BY_ID, get));
    if (fd.valid()) {
      programs.push_back(std::move(fd));
    } else if (errno != EPERM && errno != EACCES && errno != ENOENT) {
      return failed("open an attached device filter");
    }
  }
  return programs;
}

BpfAttributes attachment(int cgroup, const Fd& program) {
  BpfAttributes attributes = {};
  attributes.is.target_fd = static_cast<uint32_t>(cgroup);
  attributes.is.attach_bpf_fd = static_cast<uint32_t>(program.get());
  attributes.is.attach_type = BPF_CGROUP_DEVICE;
  return attributes;
}

}  // namespace

Status attach_device_filter(int cgroup, std::span<const uint8_t> instructions) {
  if (instructions.empty() || instructions.size() % sizeof(bpf_insn) != 0) return {EINVAL, "load the device filter"};
  auto program = load(instructions);
  TSRUN_TRY(program.status());
  auto old = attached(cgroup);
  TSRUN_TRY(old.status());
  BpfAttributes attach = attachment(cgroup, *program);
  attach.is.attach_flags = BPF_F_ALLOW_MULTI;
  const bool replaces = old->size() == 1;
  if (replaces) {
    attach.is.attach_flags |= BPF_F_REPLACE;
    attach.is.replace_bpf_fd = static_cast<uint32_t>(old->front().get());
  }
  if (bpf(BPF_PROG_ATTACH, attach) != 0) return failed("attach the device filter");
  if (replaces) return {};
  for (const Fd& program_before : *old) {
    BpfAttributes detach = attachment(cgroup, program_before);
    if (bpf(BPF_PROG_DETACH, detach) != 0 && errno != ENOENT) return failed("detach a device filter");
  }
  return {};
}

}  // namespace tsrun
