#include "base/part_host.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tsrun {
namespace {

// What tsrun itself is, where it is asked for: rarely, as most that there is belongs to the superuser and is writable for nobody else.
class Self {
 public:
  explicit Self(const std::string& path) : path_(path) {}
  [[nodiscard]] bool owns(const struct stat& file) { return look() && status_.st_uid == file.st_uid; }
  [[nodiscard]] bool is_open_to_group(gid_t gid) { return look() && (status_.st_mode & S_IWGRP) != 0 && status_.st_gid == gid; }
  [[nodiscard]] bool is_open_to_all() { return look() && (status_.st_mode & S_IWOTH) != 0; }

 private:
  bool look() {
    if (looked_ == 0) looked_ = stat(path_.c_str(), &status_) == 0 ? 1 : -1;
    return looked_ > 0;
  }

  const std::string& path_;
  struct stat status_ = {};
  int looked_ = 0;
};

Status check(const struct stat& file, Self& self, const std::string& what) {
  if (file.st_uid != 0 && file.st_uid != geteuid() && !self.owns(file)) return {EACCES, "owned by another user:", what};
  const bool group = (file.st_mode & S_IWGRP) != 0 && !self.is_open_to_group(file.st_gid);
  const bool all = (file.st_mode & S_IWOTH) != 0 && !self.is_open_to_all();
  if (group || all) return {EACCES, "others may write to", what};
  return {};
}

}  // namespace

Result<Fd> open_part(const Part& part, int access) {
  const std::string& path = part.path;
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  const Fd folder(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return failed("open", path);
  // O_NONBLOCK: what is no file is not waited for
  Fd file(openat(folder.get(), path.c_str() + directory.size(), access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return errno == ELOOP ? Status(EACCES, "not a regular file:", path) : failed("open", path);
  struct stat program = {};
  struct stat home = {};
  if (fstat(file.get(), &program) != 0 || fstat(folder.get(), &home) != 0) return failed("stat", path);
  if (!S_ISREG(program.st_mode)) return Status(EACCES, "not a regular file:", path);
  Self self(part.self);
  TSRUN_TRY(check(home, self, "the directory of " + path));
  TSRUN_TRY(check(program, self, path));
  return file;
}

}  // namespace tsrun
