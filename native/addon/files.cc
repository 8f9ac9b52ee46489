// Files for TypeScript: it imports no file library of the engine's, whose start-up would cost more than a container.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <ctime>
#include <memory>

#include "addon/values.h"
#include "base/fd.h"
#include "base/syscalls.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

Result<std::string> read_to_end(int fd, size_t max, const std::string& what) {
  std::string text;
  struct stat status = {};
  if (fstat(fd, &status) == 0 && status.st_size > 0) {
    if (static_cast<size_t>(status.st_size) > max) return Status(EFBIG, "read", what);
    text.reserve(static_cast<size_t>(status.st_size) + 1);
  }
  char buffer[16384];
  for (;;) {
    const ssize_t length = read(fd, buffer, sizeof buffer);
    if (length < 0) {
      if (errno == EINTR) continue;
      return failed("read", what);
    }
    if (length == 0) return text;
    text.append(buffer, static_cast<size_t>(length));
    if (text.size() > max) return Status(EFBIG, "read", what);
  }
}

// All of it, also to a pipe or socket whose reader is gone: an error then, no signal.
Status write_all(int fd, const std::string& text, const std::string& what) {
  bool socket = true;
  for (size_t at = 0; at < text.size();) {
    ssize_t length = socket ? send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL) : write(fd, text.data() + at, text.size() - at);
    if (length < 0 && socket && errno == ENOTSOCK) {
      socket = false;
      continue;
    }
    if (length < 0) {
      if (errno == EINTR) continue;
      return failed("write", what);
    }
    at += static_cast<size_t>(length);
  }
  return {};
}

Napi::Value read_file(const Info& info) {
  const auto path = text_at(info, 0);
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) throw error_of(info.Env(), failed("open", path));
  auto text = read_to_end(fd.get(), static_cast<size_t>(number_at(info, 1)), path);
  check(info.Env(), text.status());
  return Napi::String::New(info.Env(), *text);
}

Napi::Value read_all(const Info& info) {
  auto text = read_to_end(static_cast<int>(number_at(info, 0)), static_cast<size_t>(number_at(info, 1)), "a descriptor");
  check(info.Env(), text.status());
  return Napi::String::New(info.Env(), *text);
}

void write_file_atomic(const Info& info) {
  const auto path = text_at(info, 0);
  const auto text = text_at(info, 1);
  const auto mode = static_cast<mode_t>(number_at(info, 2));
  const std::string temporary = path + "." + std::to_string(getpid()) + ".tmp";
  const auto write_it = [&]() -> Status {
    const Fd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd.valid()) return failed("create", path);
    TSRUN_TRY(write_all(fd.get(), text, path));
    if (rename(temporary.c_str(), path.c_str()) != 0) return failed("rename a new file to", path);
    return {};
  };
  const auto status = write_it();
  if (!status.ok()) unlink(temporary.c_str());
  check(info.Env(), status);
}

void write_file(const Info& info) {
  const auto path = text_at(info, 0);
  const auto text = text_at(info, 1);
  const Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) throw error_of(info.Env(), failed("open", path));
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw error_of(info.Env(), failed("write \"" + text.substr(0, 64) + "\" to", path));
  }
}

void append_file(const Info& info) {
  const auto path = text_at(info, 0);
  const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_SYNC | O_CLOEXEC | O_NOCTTY, 0644));
  if (!fd.valid()) throw error_of(info.Env(), failed("open", path));
  check(info.Env(), write_all(fd.get(), text_at(info, 1), path));
}

void write_descriptor(const Info& info) {
  const auto fd = static_cast<int>(number_at(info, 0));
  // SIGPIPE would end us where the engine does not ignore it.
  sigset_t pipe_signal;
  sigset_t before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const auto status = write_all(fd, text_at(info, 1), "descriptor " + std::to_string(fd));
  if (status.err() == EPIPE) {
    const struct timespec now = {};
    sigtimedwait(&pipe_signal, nullptr, &now);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  check(info.Env(), status);
}

void make_directory(const Info& info) {
  const auto path = text_at(info, 0);
  if (mkdir(path.c_str(), static_cast<mode_t>(number_at(info, 1))) != 0) throw error_of(info.Env(), failed("mkdir", path));
}

void remove_directory(const Info& info) {
  const auto path = text_at(info, 0);
  if (rmdir(path.c_str()) != 0) throw error_of(info.Env(), failed("rmdir", path));
}

void unlink_file(const Info& info) {
  const auto path = text_at(info, 0);
  if (unlink(path.c_str()) != 0) throw error_of(info.Env(), failed("unlink", path));
}

void rename_file(const Info& info) {
  const auto from = text_at(info, 0);
  const auto to = text_at(info, 1);
  if (rename(from.c_str(), to.c_str()) != 0) throw error_of(info.Env(), failed("rename " + from + " to", to));
}

void change_mode(const Info& info) {
  const auto path = text_at(info, 0);
  if (chmod(path.c_str(), static_cast<mode_t>(number_at(info, 1))) != 0) throw error_of(info.Env(), failed("chmod", path));
}

void change_owner(const Info& info) {
  const auto path = text_at(info, 0);
  const auto uid = static_cast<uid_t>(number_at(info, 1));
  const auto gid = static_cast<gid_t>(number_at(info, 2));
  if (lchown(path.c_str(), uid, gid) != 0) throw error_of(info.Env(), failed("chown", path));
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

Napi::Value read_directory(const Info& info) {
  const auto path = text_at(info, 0);
  const Directory directory(opendir(path.c_str()));
  if (directory == nullptr) throw error_of(info.Env(), failed("open", path));
  auto names = Napi::Array::New(info.Env());
  uint32_t count = 0;
  errno = 0;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.Set(count++, Napi::String::New(info.Env(), entry->d_name));
    errno = 0;
  }
  if (errno != 0) throw error_of(info.Env(), failed("read", path));
  return names;
}

// Below `parent`, without following symlinks or crossing into another mount.
Status remove_below(int parent, const char* name, const std::string& what) {
  if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return failed("unlink", what);
  constexpr uint64_t kResolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  Fd fd(sys::openat2(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0, kResolve));
  if (!fd.valid()) return errno == ENOENT ? Status() : failed("open", what);
  const Directory directory(fdopendir(fd.get()));
  if (directory == nullptr) return failed("open", what);
  const int handle = fd.release();
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view child = entry->d_name;
    if (child == "." || child == "..") continue;
    TSRUN_TRY(remove_below(handle, entry->d_name, what + "/" + entry->d_name));
  }
  if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) return failed("rmdir", what);
  return {};
}

void remove_tree(const Info& info) {
  const auto path = text_at(info, 0);
  check(info.Env(), remove_below(AT_FDCWD, path.c_str(), path));
}

const char* kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return "directory";
    case S_IFLNK:
      return "symlink";
    case S_IFCHR:
      return "char";
    case S_IFBLK:
      return "block";
    case S_IFIFO:
      return "fifo";
    case S_IFSOCK:
      return "socket";
    default:
      return "file";
  }
}

Napi::Value status_of(const Info& info, int flags) {
  const auto path = text_at(info, 0);
  struct stat status = {};
  if (fstatat(AT_FDCWD, path.c_str(), &status, flags) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return info.Env().Null();
    throw error_of(info.Env(), failed("stat", path));
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("kind", kind_of(status.st_mode));
  result.Set("mode", static_cast<double>(status.st_mode & 07777));
  result.Set("uid", static_cast<double>(status.st_uid));
  result.Set("gid", static_cast<double>(status.st_gid));
  result.Set("size", static_cast<double>(status.st_size));
  result.Set("identity", std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino));
  result.Set("major", static_cast<double>(major(status.st_rdev)));
  result.Set("minor", static_cast<double>(minor(status.st_rdev)));
  return result;
}

Napi::Value link_status(const Info& info) { return status_of(info, AT_SYMLINK_NOFOLLOW); }

Napi::Value file_status(const Info& info) { return status_of(info, 0); }

Napi::Value real_path(const Info& info) {
  const auto path = text_at(info, 0);
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) == nullptr) throw error_of(info.Env(), failed("resolve", path));
  return Napi::String::New(info.Env(), resolved);
}

Napi::Value read_link(const Info& info) {
  const auto path = text_at(info, 0);
  char target[PATH_MAX];
  const ssize_t length = readlink(path.c_str(), target, sizeof target);
  if (length < 0) throw error_of(info.Env(), failed("readlink", path));
  return Napi::String::New(info.Env(), target, static_cast<size_t>(length));
}

Napi::Value file_system_type(const Info& info) {
  const auto path = text_at(info, 0);
  struct statfs status = {};
  if (statfs(path.c_str(), &status) != 0) throw error_of(info.Env(), failed("statfs", path));
  return Napi::Number::New(info.Env(), static_cast<double>(status.f_type));
}

Napi::Value open_file(const Info& info) {
  const auto path = text_at(info, 0);
  const int fd = open(path.c_str(), static_cast<int>(number_at(info, 1)) | O_CLOEXEC | O_NOCTTY, 0600);
  if (fd < 0) throw error_of(info.Env(), failed("open", path));
  return Napi::Number::New(info.Env(), fd);
}

void close_file(const Info& info) { close(static_cast<int>(number_at(info, 0))); }

void lock_file(const Info& info) {
  const int operation = LOCK_EX | (bool_at(info, 1) ? 0 : LOCK_NB);
  while (flock(static_cast<int>(number_at(info, 0)), operation) != 0) {
    if (errno != EINTR) throw error_of(info.Env(), failed("lock"));
  }
}

void leave(const Info& info) { _exit(static_cast<int>(number_at(info, 0))); }

Napi::Value identity(const Info& info) {
  auto result = Napi::Object::New(info.Env());
  result.Set("pid", static_cast<double>(getpid()));
  result.Set("uid", static_cast<double>(getuid()));
  result.Set("euid", static_cast<double>(geteuid()));
  result.Set("gid", static_cast<double>(getgid()));
  result.Set("egid", static_cast<double>(getegid()));
  return result;
}

Napi::Value read_subdirectories(const Info& info) {
  const auto path = text_at(info, 0);
  const Directory directory(opendir(path.c_str()));
  if (directory == nullptr) throw error_of(info.Env(), failed("open", path));
  auto names = Napi::Array::New(info.Env());
  uint32_t count = 0;
  errno = 0;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.Set(count++, Napi::String::New(info.Env(), entry->d_name));
    errno = 0;
  }
  if (errno != 0) throw error_of(info.Env(), failed("read", path));
  return names;
}

// Capability numbers stay below 64; the kernel says EINVAL beyond its last (man 2 prctl, PR_CAPBSET_READ).
Napi::Value capabilities(const Info& info) {
  uint64_t bounding = 0;
  int last = -1;
  for (int capability = 0; capability < 64; capability++) {
    const int has = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (has < 0) break;
    last = capability;
    bounding |= static_cast<uint64_t>(has) << capability;
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("bounding", std::to_string(bounding));
  result.Set("last", static_cast<double>(last));
  return result;
}

Napi::Value error_words(const Info& info) { return Napi::String::New(info.Env(), error_text(static_cast<int>(number_at(info, 0)))); }

Napi::Value now(const Info& info) {
  struct timespec time = {};
  clock_gettime(CLOCK_REALTIME, &time);
  struct tm parts = {};
  gmtime_r(&time.tv_sec, &parts);
  char text[64];
  const size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(text + length, sizeof text - length, ".%09ldZ", time.tv_nsec);
  return Napi::String::New(info.Env(), text);
}

}  // namespace

void register_files(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) { exports.Set(name, Napi::Function::New(env, function, name)); };
  add("readFile", read_file);
  add("readAll", read_all);
  add("writeFileAtomic", write_file_atomic);
  add("writeFile", write_file);
  add("appendFile", append_file);
  add("write", write_descriptor);
  add("mkdir", make_directory);
  add("rmdir", remove_directory);
  add("unlink", unlink_file);
  add("rename", rename_file);
  add("chmod", change_mode);
  add("chown", change_owner);
  add("readDirectory", read_directory);
  add("readSubdirectories", read_subdirectories);
  add("removeTree", remove_tree);
  add("lstat", link_status);
  add("stat", file_status);
  add("realpath", real_path);
  add("readlink", read_link);
  add("fileSystemType", file_system_type);
  add("open", open_file);
  add("close", close_file);
  add("lock", lock_file);
  add("exit", leave);
  add("identity", identity);
  add("errorText", error_words);
  add("capabilities", capabilities);
  add("now", now);
}

}  // namespace tsrun
