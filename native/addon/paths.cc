// Names in the file system, for TypeScript: what they lead to, making and removing them.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <climits>
#include <memory>

#include "addon/values.h"
#include "base/fd.h"
#include "base/syscalls.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

void make_directory(const Info& info) {
  const auto path = text_at(info, 0);
  if (mkdir(path.c_str(), static_cast<mode_t>(number_at(info, 1))) != 0) throw error_of(info.Env(), failed("mkdir", path));
}

void remove_directory(const Info& info) {
  const auto path = text_at(info, 0);
  if (rmdir(path.c_str()) != 0) throw error_of(info.Env(), failed("rmdir", path));
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

// The names in a directory, or of the directories in it only.
Napi::Value names_in(const Info& info, bool directories_only) {
  const auto path = text_at(info, 0);
  const Directory directory(opendir(path.c_str()));
  if (directory == nullptr) throw error_of(info.Env(), failed("open", path));
  auto names = Napi::Array::New(info.Env());
  uint32_t count = 0;
  errno = 0;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    const bool wanted = !directories_only || entry->d_type == DT_DIR;
    if (wanted && name != "." && name != "..") names.Set(count++, Napi::String::New(info.Env(), entry->d_name));
    errno = 0;
  }
  if (errno != 0) throw error_of(info.Env(), failed("read", path));
  return names;
}

Napi::Value read_directory(const Info& info) { return names_in(info, false); }

Napi::Value read_subdirectories(const Info& info) { return names_in(info, true); }

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

// The way to the tree may cross mounts and symlinks (/run is a mount, /var/run a symlink); only the tree itself may not.
void remove_tree(const Info& info) {
  const auto path = text_at(info, 0);
  const auto slash = path.rfind('/');
  const auto above = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
  const Fd parent(open(above.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent.valid()) {
    if (errno == ENOENT || errno == ENOTDIR) return;
    throw error_of(info.Env(), failed("open", above));
  }
  check(info.Env(), remove_below(parent.get(), path.c_str() + (slash == std::string::npos ? 0 : slash + 1), path));
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

}  // namespace

void register_paths(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) { exports.Set(name, Napi::Function::New(env, function, name)); };
  add("mkdir", make_directory);
  add("rmdir", remove_directory);
  add("chown", change_owner);
  add("readDirectory", read_directory);
  add("readSubdirectories", read_subdirectories);
  add("removeTree", remove_tree);
  add("lstat", link_status);
  add("stat", file_status);
  add("realpath", real_path);
  add("readlink", read_link);
  add("fileSystemType", file_system_type);
}

}  // namespace tsrun
