#include "process/home.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "process/passwd.h"
#include "rootfs/resolve.h"

namespace tsrun {
namespace {

constexpr size_t kMaxSize = 16 << 20;  // the image chose the file's size: reading ends somewhere

// A regular file below the container's root. Looked at before it is opened: opening a device or a FIFO does something.
Fd open_passwd(int root) {
  constexpr const char* kPath = "etc/passwd";
  struct stat seen = {};
  struct stat opened = {};
  auto found = open_in(root, kPath, O_PATH);
  if (!found.ok() || fstat(found->get(), &seen) != 0 || !S_ISREG(seen.st_mode)) return {};
  auto file = open_in(root, kPath, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file.ok() || fstat(file->get(), &opened) != 0) return {};
  if (opened.st_dev != seen.st_dev || opened.st_ino != seen.st_ino) return {};
  return std::move(*file);
}

}  // namespace

Status home(Context& context, Arguments arguments) {
  const auto uid = static_cast<uint32_t>(arguments.number(UINT32_MAX - 1));
  TSRUN_TRY(arguments.finish());

  // Others may write to it meanwhile: whatever is read is the home that the container itself says it is, and no more than a variable.
  PasswdReader reader(uid);
  bool found = false;
  if (const Fd file = open_passwd(context.root.get()); file.valid()) {
    char piece[4096];
    for (size_t total = 0; !found && total < kMaxSize;) {
      const ssize_t size = read(file.get(), piece, sizeof piece);
      if (size <= 0) {
        found = size == 0 && reader.end();
        break;
      }
      found = reader.feed({piece, static_cast<size_t>(size)});
      total += static_cast<size_t>(size);
    }
  }
  context.home.clear();
  context.home.append(found && !reader.home().empty() ? reader.home() : "/");
  return {};
}

}  // namespace tsrun
