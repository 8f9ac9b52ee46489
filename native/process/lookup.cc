#include "process/lookup.h"

#include <sys/stat.h>

#include "base/syscalls.h"

namespace tsrun {
namespace {

constexpr std::string_view kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// 0 when we may execute the file at `path`, else errno.
int check_executable(const char* path) {
  struct stat status = {};
  // For the words of an error only: the container may exchange the file before execve looks it up again, with the same rights.
  if (stat(path, &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  if (!S_ISREG(status.st_mode)) return EACCES;
  // With the effective ids, as execve will ask; a file system mounted noexec says no here too.
  return sys::faccessat2(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

Status cannot_execute(int err, const char* name, std::string_view why) {
  Text<384> doing;
  doing.append("exec: \"").append({name, strnlen(name, 256)}).append("\"").append(why);
  return {err, doing.view()};
}

}  // namespace

Result<const char*> find_program(const char* name, const char* path, Text<4096>& buffer) {
  if (strchr(name, '/') != nullptr) {
    const int err = check_executable(name);
    if (err == 0) return name;
    return cannot_execute(err, name, "");
  }
  std::string_view rest = path == nullptr ? kUsualPath : path;
  for (bool more = *name != 0 && !rest.empty(); more;) {
    const size_t colon = rest.find(':');
    const auto directory = rest.substr(0, colon);
    more = colon != std::string_view::npos;
    if (more) rest.remove_prefix(colon + 1);
    buffer.clear();
    // An empty element is the working directory, as in every shell.
    buffer.append(directory.empty() ? "." : directory).append("/").append(name);
    if (buffer.view().size() < 4095 && check_executable(buffer.c_str()) == 0) return buffer.c_str();
  }
  return cannot_execute(kNoErrorWords, name, ": executable file not found in $PATH");
}

}  // namespace tsrun
