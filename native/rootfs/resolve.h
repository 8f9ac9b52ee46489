// Looks paths up inside the container's root, which may hold whatever an image or another container put there.
//
// A symlink, absolute or with "..", never leads out of the root, and what was found is kept as a descriptor: nothing is
// looked up again between a check and its use, so swapping a component for a symlink in between changes nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

// `open` in the sense of man 2 openat2 with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, tried again on EAGAIN. O_CLOEXEC is
// added. The failure's text is "open PATH".
Result<Fd> open_in(int root, const char* path, int flags);

enum class Kind { directory, file };
enum class Symlinks {
  follow,  // inside the root
  refuse,  // ELOOP when any component is one
};

struct Place {
  Fd fd;                 // O_PATH
  bool created = false;  // it was not there before
};

// Finds `path` below `root` and creates what is missing: directories with mode 0755 and, for Kind::file, an empty file
// of mode 0644, whatever the umask. A dangling symlink is followed, so its target is created. ENOTDIR, EISDIR: something
// of the other kind is there.
Result<Place> ensure(int root, const char* path, Kind kind, Symlinks symlinks = Symlinks::follow);

struct Entry {
  Fd parent;       // O_PATH
  Text<256> name;  // one component; may or may not exist
};

// Splits `path` into its directory, created when missing, and its last component. EINVAL when that is "", "." or "..".
Result<Entry> entry_in(int root, const char* path);

// The file of that name, which is not followed if it is a symlink: O_PATH.
Result<Fd> open_entry(const Entry& entry);

// Makes a node (man 2 mknod: type and mode, whatever the umask) or a symlink of that name; false when something has it already.
Result<bool> make_node(const Entry& entry, unsigned mode, uint64_t number);
Result<bool> make_symlink(const Entry& entry, const char* target);

// The directory that `fd` is, looked up anew, so that what is mounted on it by now is found; and the one above.
Result<Fd> directory_of(int fd);
Result<Fd> parent_of(int fd);

// While it lives, files are created with exactly the mode asked for.
class NoUmask {
 public:
  NoUmask();
  ~NoUmask();
  NoUmask(const NoUmask&) = delete;
  NoUmask& operator=(const NoUmask&) = delete;

 private:
  unsigned old_;
};

}  // namespace tsrun
