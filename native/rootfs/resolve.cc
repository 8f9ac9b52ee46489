#include "rootfs/resolve.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <climits>

#include "base/syscalls.h"

namespace tsrun {
namespace {

constexpr int kRetries = 64;
constexpr int kMaxSymlinks = 40;  // as the kernel, man 7 path_resolution
constexpr size_t kMaxDepth = 256;
constexpr mode_t kDirectoryMode = 0755;
constexpr mode_t kFileMode = 0644;

int open_once(int root, const char* path, int flags, uint64_t resolve) {
  int fd = -1;
  // A rename or mount anywhere on the machine while ".." is looked up gives EAGAIN.
  for (int i = 0; i < kRetries; i++) {
    fd = sys::openat2(root, path, static_cast<uint64_t>(flags | O_CLOEXEC), 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return fd;
}

// The walk from component to component for paths that do not exist as a whole. Every directory entered stays open, so
// ".." goes back to where it came from even if somebody moves the directory meanwhile.
class Walk {
 public:
  Walk(int root, Symlinks symlinks) : root_(root), symlinks_(symlinks) {}

  Result<Place> to(const char* path, Kind kind) {
    if (!prepend(path)) return Status(ENAMETOOLONG, "look up", path);
    while (next()) {
      if (const int err = step(kind); err != 0) return Status(err, "look up", path);
    }
    Place place;
    place.created = created_;
    place.fd.reset(depth_ > 0 ? opened_[depth_ - 1].release() : fcntl(root_, F_DUPFD_CLOEXEC, 0));
    if (!place.fd.valid()) return failed("look up", path);
    return place;
  }

 private:
  int current() const { return depth_ > 0 ? opened_[depth_ - 1].get() : root_; }

  // Puts `path` before what is still to be walked.
  bool prepend(std::string_view path) {
    const std::string_view rest(rest_ + at_, end_ - at_);
    if (path.size() + 1 + rest.size() >= sizeof rest_) return false;
    memmove(rest_ + path.size() + 1, rest.data(), rest.size());
    memcpy(rest_, path.data(), path.size());
    rest_[path.size()] = '/';
    at_ = 0;
    end_ = path.size() + 1 + rest.size();
    return true;
  }

  // Takes the next component into name_; false when there is none.
  bool next() {
    while (at_ < end_ && rest_[at_] == '/') at_++;
    if (at_ == end_) return false;
    const size_t from = at_;
    while (at_ < end_ && rest_[at_] != '/') at_++;
    name_.clear();
    name_.append({rest_ + from, at_ - from});
    too_long_ = at_ - from > NAME_MAX;
    last_ = true;
    for (size_t i = at_; i < end_; i++) last_ = last_ && rest_[i] == '/';
    return true;
  }

  int step(Kind kind) {
    if (too_long_) return ENAMETOOLONG;
    created_ = false;
    if (name_.view() == ".") return 0;
    if (name_.view() == "..") {
      if (depth_ > 0) opened_[--depth_].reset();
      return 0;
    }
    Fd found(openat(current(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!found.valid()) {
      if (errno != ENOENT) return errno;
      if (const int err = create(last_ ? kind : Kind::directory); err != 0) return err;
      // Whoever replaced it by a symlink in the meantime gets it followed below, inside the root.
      found.reset(openat(current(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (!found.valid()) return errno;
    }
    struct stat status {};
    if (fstat(found.get(), &status) != 0) return errno;
    if (S_ISLNK(status.st_mode)) return is_magic() ? ELOOP : follow(found.get());
    if (!last_ && !S_ISDIR(status.st_mode)) return ENOTDIR;
    if (depth_ == kMaxDepth) return ENAMETOOLONG;
    opened_[depth_++] = std::move(found);
    return 0;
  }

  int create(Kind kind) {
    const NoUmask exactly;
    const int done = kind == Kind::directory ? mkdirat(current(), name_.c_str(), kDirectoryMode)
                                             : mknodat(current(), name_.c_str(), S_IFREG | kFileMode, 0);
    if (done != 0) return errno == EEXIST ? 0 : errno;
    created_ = last_;
    return 0;
  }

  // Whether it is a link of procfs that leads to an open file, of ours most likely, whatever it reads like.
  bool is_magic() {
    const Fd there(sys::openat2(current(), name_.c_str(), O_PATH | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS));
    return !there.valid() && errno == ELOOP;
  }

  int follow(int link) {
    if (symlinks_ == Symlinks::refuse || ++links_ > kMaxSymlinks) return ELOOP;
    char target[PATH_MAX];
    const ssize_t size = readlinkat(link, "", target, sizeof target);
    if (size <= 0) return size < 0 ? errno : ENOENT;
    if (target[0] == '/') {
      while (depth_ > 0) opened_[--depth_].reset();
    }
    created_ = false;
    return prepend({target, static_cast<size_t>(size)}) ? 0 : ENAMETOOLONG;
  }

  int root_;
  Symlinks symlinks_;
  int links_ = 0;
  Fd opened_[kMaxDepth];
  size_t depth_ = 0;
  char rest_[2 * PATH_MAX];
  size_t at_ = 0;
  size_t end_ = 0;
  Text<NAME_MAX + 2> name_;
  bool too_long_ = false;
  bool last_ = false;
  bool created_ = false;
};

}  // namespace

NoUmask::NoUmask() : old_(umask(0)) {}
NoUmask::~NoUmask() { umask(old_); }

Result<Fd> open_in(int root, const char* path, int flags) {
  Fd fd(open_once(root, path, flags, 0));
  if (!fd.valid()) return failed("open", path);
  return fd;
}

Result<Place> ensure(int root, const char* path, Kind kind, Symlinks symlinks) {
  Place place;
  place.fd.reset(open_once(root, path, O_PATH, symlinks == Symlinks::refuse ? RESOLVE_NO_SYMLINKS : 0));
  if (!place.fd.valid()) {
    // EAGAIN: the machine is too busy renaming; the walk does not mind.
    if (errno != ENOENT && errno != EAGAIN) return failed("look up", path);
    auto walked = Walk(root, symlinks).to(path, kind);
    if (!walked.ok()) return walked;
    place = std::move(*walked);
  }
  struct stat status {};
  if (fstat(place.fd.get(), &status) != 0) return failed("stat", path);
  if (kind == Kind::directory && !S_ISDIR(status.st_mode)) return Status(ENOTDIR, "look up", path);
  if (kind == Kind::file && S_ISDIR(status.st_mode)) return Status(EISDIR, "look up", path);
  return place;
}

Result<Entry> entry_in(int root, const char* path) {
  std::string_view rest(path);
  while (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  const size_t slash = rest.rfind('/');
  auto name = rest;
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  const std::string_view parent(rest.data(), slash == std::string_view::npos ? 0 : slash);
  if (name.empty() || name == "." || name == "..") return Status(EINVAL, "name a file by", path);
  if (name.size() > NAME_MAX || parent.size() >= PATH_MAX) return Status(ENAMETOOLONG, "look up", path);

  Text<PATH_MAX + 1> directory;
  directory.append(parent.empty() ? "/" : parent);
  auto place = ensure(root, directory.c_str(), Kind::directory);
  if (!place.ok()) return place.status();
  Entry entry;
  entry.parent = std::move(place->fd);
  entry.name.append(name);
  return entry;
}

Result<Fd> open_entry(const Entry& entry) {
  Fd fd(openat(entry.parent.get(), entry.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return failed("open", entry.name.view());
  return fd;
}

Result<bool> make_node(const Entry& entry, unsigned mode, uint64_t number) {
  const NoUmask exactly;
  if (mknodat(entry.parent.get(), entry.name.c_str(), mode, number) == 0) return true;
  if (errno != EEXIST) return failed("mknod");
  return false;
}

Result<bool> make_symlink(const Entry& entry, const char* target) {
  if (symlinkat(target, entry.parent.get(), entry.name.c_str()) == 0) return true;
  if (errno != EEXIST) return failed("symlink");
  return false;
}

Result<Fd> directory_of(int fd) {
  Fd directory(openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return failed("open a directory");
  return directory;
}

Result<Fd> parent_of(int fd) {
  Fd directory(openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return failed("open the directory above");
  return directory;
}

}  // namespace tsrun
