// proc_pid_mountinfo(5): everything the process can reach as a file.
#include <cstdio>
#include <cstring>

#include "demo/report.h"

namespace tsrun::demo {

void report_mounts() {
  heading("Mounts");
  FILE* file = fopen("/proc/self/mountinfo", "re");
  if (file == nullptr) {
    line("", "%s", "unknown: there is no /proc");
    return;
  }
  static char text[8192];
  while (fgets(text, sizeof text, file) != nullptr) {
    // ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS [FIELDS...] - TYPE SOURCE SUPER-OPTIONS
    char* rest = nullptr;
    const char* fields[6] = {};
    char* at = text;
    for (const char*& part : fields) {
      part = strtok_r(at, " \n", &rest);
      at = nullptr;
    }
    if (fields[5] == nullptr) continue;
    const char* type = nullptr;
    for (const char* part = strtok_r(nullptr, " \n", &rest); part != nullptr; part = strtok_r(nullptr, " \n", &rest)) {
      if (strcmp(part, "-") != 0) continue;
      type = strtok_r(nullptr, " \n", &rest);
      break;
    }
    printf("  %-34s %-10s %s\n", fields[4], type == nullptr ? "?" : type, fields[5]);
  }
  fclose(file);
}

}  // namespace tsrun::demo
