// getrlimit(2): soft and hard limits.
#include <sys/resource.h>

#include <cstdio>

#include "base/status.h"
#include "demo/report.h"

namespace tsrun::demo {
namespace {

Text<32> in_words(rlim_t value) {
  Text<32> text;
  if (value == RLIM_INFINITY) {
    text.append("unlimited");
  } else {
    text.append_number(static_cast<long long>(value));
  }
  return text;
}

}  // namespace

void report_limits() {
  heading("Resource limits     soft         hard");
  constexpr struct {
    const char* name;
    int resource;
  } kLimits[] = {
      {"AS", RLIMIT_AS},           {"CORE", RLIMIT_CORE},         {"CPU", RLIMIT_CPU},
      {"DATA", RLIMIT_DATA},       {"FSIZE", RLIMIT_FSIZE},       {"LOCKS", RLIMIT_LOCKS},
      {"MEMLOCK", RLIMIT_MEMLOCK}, {"MSGQUEUE", RLIMIT_MSGQUEUE}, {"NICE", RLIMIT_NICE},
      {"NOFILE", RLIMIT_NOFILE},   {"NPROC", RLIMIT_NPROC},       {"RSS", RLIMIT_RSS},
      {"RTPRIO", RLIMIT_RTPRIO},   {"RTTIME", RLIMIT_RTTIME},     {"SIGPENDING", RLIMIT_SIGPENDING},
      {"STACK", RLIMIT_STACK},
  };
  for (const auto& [name, resource] : kLimits) {
    rlimit limit = {};
    if (getrlimit(resource, &limit) == 0) line(name, "%-12s %s", in_words(limit.rlim_cur).c_str(), in_words(limit.rlim_max).c_str());
  }
}

}  // namespace tsrun::demo
