#include "rootfs/copy_up.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <climits>

#include "base/fd.h"
#include "base/syscalls.h"
#include "rootfs/trusted.h"

namespace tsrun {
namespace {

constexpr int kMaxDepth = 128;
constexpr size_t kChunk = 1U << 20;

Status copy_directory(int proc, int from, int to, int depth);

// What is known about an entry, whatever it is: owner first, because chown(2) clears set-id bits.
Status copy_metadata(int to, const char* name, const struct stat& status) {
  if (fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) != 0) return failed("chown", name);
  if (!S_ISLNK(status.st_mode) && fchmodat(to, name, status.st_mode & 07777, 0) != 0) return failed("chmod", name);
  const timespec times[2] = {status.st_atim, status.st_mtim};
  if (utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) != 0) return failed("set the times of", name);
  return {};
}

Status copy_file(int from, int to, const char* name) {
  const Fd target(openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!target.valid()) return failed("create", name);
  ssize_t size = 0;
  do {
    size = sendfile(target.get(), from, nullptr, kChunk);
  } while (size > 0 || (size < 0 && errno == EINTR));
  if (size < 0) return failed("copy", name);
  return {};
}

Status copy_symlink(int link, int to, const char* name) {
  char target[PATH_MAX];
  const ssize_t size = readlinkat(link, "", target, sizeof target - 1);
  if (size < 0) return failed("readlink", name);
  target[size] = 0;
  if (symlinkat(target, to, name) != 0) return failed("symlink", name);
  return {};
}

Status copy_entry(int proc, int from, int to, const char* name, int depth) {
  // RESOLVE_NO_XDEV: what somebody mounted there is not the directory's own.
  const Fd entry(sys::openat2(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV));
  if (!entry.valid()) {
    if (errno != EXDEV) return failed("open", name);
    if (mkdirat(to, name, 0755) != 0) return failed("mkdir", name);
    return {};
  }
  struct stat status {};
  if (fstat(entry.get(), &status) != 0) return failed("stat", name);

  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR: {
      const bool directory = S_ISDIR(status.st_mode);
      // By way of the descriptor: a device or fifo put in its place since would act on being opened.
      const Fd source(openat(proc, link_of(entry.get()).c_str(), O_RDONLY | O_CLOEXEC));
      if (!source.valid()) return failed("open", name);
      if (!directory) {
        TSRUN_TRY(copy_file(source.get(), to, name));
        break;
      }
      if (mkdirat(to, name, 0700) != 0) return failed("mkdir", name);
      const Fd target(openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!target.valid()) return failed("open", name);
      TSRUN_TRY(copy_directory(proc, source.get(), target.get(), depth + 1));
      break;
    }
    case S_IFLNK:
      TSRUN_TRY(copy_symlink(entry.get(), to, name));
      break;
    case S_IFSOCK:
      return {};
    default:
      if (mknodat(to, name, status.st_mode, status.st_rdev) != 0) return failed("mknod", name);
  }
  return copy_metadata(to, name, status);
}

// `from` is open for reading.
Status copy_directory(int proc, int from, int to, int depth) {
  if (depth > kMaxDepth) return {ENAMETOOLONG, "copy a tree so deep"};
  const int listed = fcntl(from, F_DUPFD_CLOEXEC, 0);
  DIR* directory = listed < 0 ? nullptr : fdopendir(listed);
  if (directory == nullptr) {
    const auto status = failed("open a directory to copy");
    if (listed >= 0) close(listed);
    return status;
  }
  Status status;
  while (status.ok()) {
    errno = 0;
    const dirent* entry = readdir(directory);
    if (entry == nullptr) {
      if (errno != 0) status = failed("read a directory to copy");
      break;
    }
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") status = copy_entry(proc, from, to, entry->d_name, depth);
  }
  closedir(directory);
  return status;
}

}  // namespace

Status copy_up(const Context& context, int from, int to) {
  const Fd source(openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!source.valid()) return failed("open the directory to copy");
  struct stat status {};
  if (fstat(source.get(), &status) != 0) return failed("stat the directory to copy");
  TSRUN_TRY(copy_directory(context.proc.get(), source.get(), to, 0));
  if (fchownat(to, "", status.st_uid, status.st_gid, AT_EMPTY_PATH) != 0) return failed("chown the copy");
  return {};
}

}  // namespace tsrun
