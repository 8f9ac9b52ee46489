#include "process/stat_host.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

namespace tsrun {

std::optional<ProcessStat> parse_stat(const std::string& line) {
  // The name ends at the last parenthesis: whatever it contains, numbers follow.
  const size_t end = line.rfind(')');
  if (end == std::string::npos || end + 2 >= line.size()) return std::nullopt;
  ProcessStat stat;
  stat.state = line[end + 2];
  constexpr int kState = 3;
  constexpr int kStartTime = 22;
  size_t at = end + 2;
  for (int field = kState; field < kStartTime; field++) {
    at = line.find(' ', at);
    if (at == std::string::npos) return std::nullopt;
    at++;
  }
  stat.start_time = line.substr(at, line.find_first_not_of("0123456789", at) - at);
  if (stat.start_time.empty()) return std::nullopt;
  return stat;
}

Result<std::optional<ProcessStat>> process_stat(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    if (errno == ENOENT) return std::optional<ProcessStat>();
    return failed("open", path);
  }
  // One line of 52 numbers at most and a name of 16 bytes (64 for kernel threads).
  char line[2048];
  const ssize_t size = read(file.get(), line, sizeof line);
  if (size < 0) {
    if (errno == ESRCH) return std::optional<ProcessStat>();
    return failed("read", path);
  }
  auto stat = parse_stat({line, static_cast<size_t>(size)});
  if (!stat) return Status(EBADMSG, "read", path);
  return stat;
}

std::optional<std::string> process_exe(pid_t pid) {
  struct stat status = {};
  if (stat(("/proc/" + std::to_string(pid) + "/exe").c_str(), &status) != 0) return std::nullopt;
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

}  // namespace tsrun
