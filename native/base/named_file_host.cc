#include "base/named_file_host.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace tsrun {
namespace {

// The directory of a path, and the path's last part.
struct Place {
  std::string directory;
  std::string name;
};

Place place_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, slash + 1), path.substr(slash + 1)};
}

// Whether somebody else can have put it there for us to find.
bool is_planted(const struct stat& file, const struct stat& directory) {
  if (file.st_uid == geteuid() || file.st_uid == directory.st_uid) return false;
  return (directory.st_mode & S_ISVTX) != 0 && (directory.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

// 64 bits: who guesses a name makes us fail, and no more, since we insist on making the file.
Result<std::string> temporary_beside(const std::string& path) {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) return failed("getrandom");
  char suffix[32];
  (void)snprintf(suffix, sizeof suffix, ".%016llx.tmp", static_cast<unsigned long long>(number));
  return path + suffix;
}

Status make(const std::string& name, std::string_view text, mode_t mode, const std::string& path) {
  const Fd fd(open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, mode));
  if (!fd.valid()) return failed("create", path);
  auto status = write_all(fd.get(), text, path);
  if (!status.ok()) unlink(name.c_str());
  return status;
}

constexpr int kAppend = O_WRONLY | O_APPEND | O_SYNC | O_CLOEXEC | O_NOCTTY;

}  // namespace

Result<Fd> open_named(const std::string& path) {
  const auto [folder, name] = place_of(path);
  const Fd directory(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return failed("open", path);
  struct stat parent = {};
  if (fstat(directory.get(), &parent) != 0) return failed("stat", folder);
  // A symlink that passes cannot be exchanged by others after that: the directory is sticky, or nobody else's to write to.
  for (const int follow : {O_NOFOLLOW, 0}) {
    Fd fd(openat(directory.get(), name.empty() ? "." : name.c_str(), O_PATH | O_CLOEXEC | follow));
    if (!fd.valid()) return failed("open", path);
    struct stat status = {};
    if (fstat(fd.get(), &status) != 0) return failed("stat", path);
    const bool link = S_ISLNK(status.st_mode);
    // What a symlink leads to lies elsewhere.
    if (follow != 0 && is_planted(status, parent)) {
      return Status(EACCES, "open",
                    path + ", which user " + std::to_string(status.st_uid) + " made in a directory that is open to everybody");
    }
    if (!link) return fd;
  }
  return Status(ELOOP, "open", path);
}

Result<Fd> open_log(const std::string& path, bool wait) {
  // The usual one, in one call: a file of our own. Without O_NONBLOCK somebody's FIFO would hold us up.
  Fd fd(open(path.c_str(), kAppend | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0644));
  // EACCES: the kernel's own rule may have come first, and says no more than that.
  if (!fd.valid() && errno != ELOOP && errno != ENXIO && errno != EACCES) return failed("open", path);
  struct stat status = {};
  if (fd.valid() && fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid()) return fd;
  auto named = open_named(path);
  TSRUN_TRY(named.status());
  const std::string self = "/proc/self/fd/" + std::to_string(named->get());
  fd.reset(open(self.c_str(), wait ? kAppend : kAppend | O_NONBLOCK));
  if (fd.valid()) return fd;
  // A FIFO whose reader has gone, as write(2) would say it (ENXIO: man 7 fifo).
  if (errno == ENXIO && fstat(named->get(), &status) == 0 && S_ISFIFO(status.st_mode)) return Status(EPIPE, "write", path);
  return failed("open", path);
}

Status replace_file(const std::string& path, std::string_view text, mode_t mode) {
  auto temporary = temporary_beside(path);
  TSRUN_TRY(temporary.status());
  TSRUN_TRY(make(*temporary, text, mode, path));
  if (rename(temporary->c_str(), path.c_str()) == 0) return {};
  auto status = failed("rename a new file to", path);
  unlink(temporary->c_str());
  return status;
}

Status create_file(const std::string& path, std::string_view text, mode_t mode) { return make(path, text, mode, path); }

Status write_all(int fd, std::string_view text, const std::string& what) {
  while (!text.empty()) {
    const ssize_t length = write(fd, text.data(), text.size());
    if (length < 0) {
      if (errno == EINTR) continue;
      return failed("write", what);
    }
    text.remove_prefix(static_cast<size_t>(length));
  }
  return {};
}

}  // namespace tsrun
