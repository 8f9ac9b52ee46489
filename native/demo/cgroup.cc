// cgroups(7): the limits on the group the process is in, where the container can see them.
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include "demo/report.h"

namespace tsrun::demo {

void report_cgroup() {
  heading("Cgroup");
  const char* path = field("/proc/self/cgroup", "0:");
  line("path", "%s", path == nullptr ? "unknown" : path);
  bool any = false;
  for (const char* name : {"memory.max", "memory.high", "memory.swap.max", "pids.max", "cpu.max", "cpu.weight", "cpuset.cpus", "io.max"}) {
    char file[64];
    snprintf(file, sizeof file, "/sys/fs/cgroup/%s", name);
    const char* value = read_small(file);
    if (value == nullptr) continue;
    any = true;
    line(name, "%s", *value == 0 ? "-" : value);
  }
  if (!any) line("limits", "%s", "none to be seen in /sys/fs/cgroup");
}

}  // namespace tsrun::demo
