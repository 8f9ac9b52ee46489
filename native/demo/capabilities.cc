// capabilities(7): the five sets, by name.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "demo/report.h"

namespace tsrun::demo {
namespace {

constexpr const char* kNames[] = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};
constexpr unsigned kCount = sizeof kNames / sizeof *kNames;

}  // namespace

void report_capabilities() {
  heading("Capabilities");
  constexpr const char* kSets[][2] = {
      {"effective", "CapEff"}, {"permitted", "CapPrm"}, {"inheritable", "CapInh"}, {"bounding", "CapBnd"}, {"ambient", "CapAmb"}};
  for (const auto& [name, key] : kSets) {
    const char* value = field("/proc/self/status", key);
    const unsigned long long set = value == nullptr ? 0 : strtoull(value, nullptr, 16);
    char names[1024] = "";
    size_t used = 0;
    size_t column = 0;
    for (unsigned i = 0; i < 64; i++) {
      if ((set >> i & 1) == 0) continue;
      char number[16];
      snprintf(number, sizeof number, "%u", i);
      const char* capability = i < kCount ? kNames[i] : number;
      const char* gap = used == 0 ? "" : column > 80 ? "\n                   " : " ";
      const int written = snprintf(names + used, sizeof names - used, "%s%s", gap, capability);
      used += static_cast<size_t>(written);
      column = *gap == '\n' ? strlen(capability) : column + static_cast<size_t>(written);
    }
    line(name, "%s", set == 0 ? "none" : names);
  }
}

}  // namespace tsrun::demo
