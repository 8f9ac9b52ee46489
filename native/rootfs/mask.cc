#include "rootfs/mask.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/syscalls.h"
#include "rootfs/attach.h"
#include "rootfs/filesystem.h"
#include "rootfs/resolve.h"
#include "rootfs/trusted.h"

namespace tsrun {
namespace {

Result<Fd> make_empty(const Context& context) {
  FileSystem system;
  system.type = "tmpfs";
  system.source = "tmpfs";
  // Read-only itself and without room, so that remounting it in the container gains nothing.
  static constexpr char kOptions[] = "ro\0nr_blocks=1\0nr_inodes=1";
  system.options = Arguments(kOptions, kOptions + sizeof kOptions, 3);
  system.mode = "555";
  return make_file_system(context, system, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

// The first directory gets the tmpfs itself, the others copies of it: what is detached cannot be copied.
Status mask_directory(Context& context, int target) {
  if (context.empty.valid()) {
    auto tree = clone_tree(context.empty.get(), false);
    TSRUN_TRY(tree.status());
    return attach(tree->get(), target);
  }
  auto tree = make_empty(context);
  TSRUN_TRY(tree.status());
  TSRUN_TRY(attach(tree->get(), target));
  context.empty = std::move(*tree);
  return {};
}

// The source is a descriptor verified before the container had a say: an image's /dev/null may be anything, and masking
// with it would uncover the rest of the host (CVE-2025-31133).
Status mask_file(const Context& context, int target) {
  auto tree = clone_tree(context.null.get(), false);
  if (!tree.ok() && tree.status().err() == EINVAL) {
    // We have joined another mount namespace since, and only its own mounts can be copied there.
    auto null = open_null();
    TSRUN_TRY(null.status());
    tree = clone_tree(null->get(), false);
  }
  TSRUN_TRY(tree.status());
  return attach(tree->get(), target);
}

}  // namespace

Status mask(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  TSRUN_TRY(arguments.finish());
  auto target = open_in(context.root.get(), path, O_PATH);
  if (!target.ok()) {
    const int err = target.status().err();
    return err == ENOENT || err == ENOTDIR ? Status() : target.status();
  }
  struct stat status {};
  if (fstat(target->get(), &status) != 0) return failed("stat", path);
  const auto done = S_ISDIR(status.st_mode) ? mask_directory(context, target->get()) : mask_file(context, target->get());
  if (done.ok()) return done;
  Text<384> text;
  text.append("mask ").append(path).append(": ").append(done.text());
  return {done.err(), text.view()};
}

}  // namespace tsrun
