#include "launcher/caller.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace tsrun {

Status fill_standard_descriptors() {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // the lowest free number is taken, and all below are in use
    if (open("/dev/null", O_RDWR) != fd) return failed("open", "/dev/null");
  }
  return {};
}

Status open_descriptors(char* list, size_t size) {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return failed("open", "/proc/self/fd");
  size_t used = 0;
  int first = -1;
  int last = -1;
  // procfs lists them in ascending order
  const auto flush = [&]() -> bool {
    if (first < 0) return true;
    const char* comma = used == 0 ? "" : ",";
    const int written = first == last ? snprintf(list + used, size - used, "%s%d", comma, first)
                                      : snprintf(list + used, size - used, "%s%d-%d", comma, first, last);
    used += static_cast<size_t>(written);
    return used < size;
  };
  bool fits = true;
  list[0] = 0;
  for (const dirent* entry = readdir(directory); fits && entry != nullptr; entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    const auto fd = static_cast<int>(strtol(entry->d_name, nullptr, 10));
    if (fd <= 2 || fd == dirfd(directory)) continue;
    if (first >= 0 && fd == last + 1) {
      last = fd;
      continue;
    }
    fits = flush();
    first = last = fd;
  }
  fits = fits && flush();
  closedir(directory);
  return fits ? Status() : Status(E2BIG, "list", "/proc/self/fd");
}

Text<256> ignored_signals() {
  Text<256> list;
  for (int number = 1; number <= 64; number++) {
    // the system call itself: the C library keeps some signals to itself. The handler is the first field everywhere.
    unsigned long action[16] = {};
    if (syscall(SYS_rt_sigaction, number, nullptr, action, 8) != 0) continue;
    if (action[0] != reinterpret_cast<unsigned long>(SIG_IGN)) continue;
    if (!list.view().empty()) list.append(",");
    list.append_number(number);
  }
  return list;
}

Text<64> descriptor_limit() {
  Text<64> text;
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return text;
  char digits[64];
  snprintf(digits, sizeof digits, "%llu:%llu", static_cast<unsigned long long>(limit.rlim_cur),
           static_cast<unsigned long long>(limit.rlim_max));
  text.append(digits);
  return text;
}

}  // namespace tsrun
