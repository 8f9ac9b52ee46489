// namespaces(7): which of them are the container's own.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "demo/report.h"

namespace tsrun::demo {

void report_namespaces(int count, char** host) {
  heading("Namespaces          inside       on the host");
  for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", name);
    struct stat status = {};
    if (stat(path, &status) != 0) {
      line(name, "%s", "not in this kernel");
      continue;
    }
    unsigned long long outside = 0;
    const size_t length = strlen(name);
    for (int i = 0; i < count; i++) {
      if (strncmp(host[i], name, length) == 0 && host[i][length] == '=') outside = strtoull(host[i] + length + 1, nullptr, 10);
    }
    if (outside == 0) {
      line(name, "%-12llu", static_cast<unsigned long long>(status.st_ino));
    } else {
      line(name, "%-12llu %-12llu %s", static_cast<unsigned long long>(status.st_ino), outside,
           outside == status.st_ino ? "the host's" : "its own");
    }
  }
}

}  // namespace tsrun::demo
