// What the process can never get back: seccomp(2), PR_SET_NO_NEW_PRIVS(2const), security modules.
#include <cstdio>
#include <cstring>

#include "demo/report.h"

namespace tsrun::demo {

void report_confinement() {
  heading("Confinement");
  const char* mode = field("/proc/self/status", "Seccomp");
  if (mode == nullptr) {
    line("seccomp", "%s", "not in this kernel");
  } else if (strcmp(mode, "2") == 0) {
    const char* filters = field("/proc/self/status", "Seccomp_filters");
    line("seccomp", "filter mode, %s loaded", filters == nullptr ? "?" : filters);
  } else {
    line("seccomp", "%s", strcmp(mode, "0") == 0 ? "off" : "strict mode");
  }
  const char* no_new_privs = field("/proc/self/status", "NoNewPrivs");
  line("no_new_privs", "%s", no_new_privs != nullptr && *no_new_privs == '1' ? "set: execve grants nothing" : "not set");
  const char* label = read_small("/proc/self/attr/current");
  line("label", "%s", label == nullptr || *label == 0 ? "none" : label);
}

}  // namespace tsrun::demo
