#include "rootfs/root.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/syscalls.h"
#include "rootfs/attach.h"
#include "rootfs/host_path.h"
#include "rootfs/trusted.h"

namespace tsrun {
namespace {

constexpr uint64_t kRecursive = 1U << 14;  // MS_REC
constexpr uint64_t kPrivate = 1U << 18;    // MS_PRIVATE
constexpr uint64_t kSlave = 1U << 19;      // MS_SLAVE

}  // namespace

Status root(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  const bool clone = arguments.number(1) != 0;
  const bool slave = arguments.number(1) != 0;
  TSRUN_TRY(arguments.finish());
  // One that is a symlink was put there by whoever made the image.
  auto found = open_host_directory(path, true);
  if (!found.ok()) return {found.status().err(), "open the root, a directory and no symlink:", path};
  Fd directory = std::move(*found);
  if (clone) {
    // Now and not earlier: only mounts of the mount namespace we are in can be cloned onto masked paths.
    TSRUN_TRY(open_trusted_null(context));
    // pivot_root(2) fails where the parent is shared, and a mount made there would show up on the host.
    TSRUN_TRY(stop_sharing(directory.get()));
    auto tree = clone_tree(directory.get(), true);
    TSRUN_TRY(tree.status());
    // What the host has mounted inside would pass our mounts on as well.
    TSRUN_TRY(set_propagation(tree->get(), kSlave | kRecursive));
    if (!slave) TSRUN_TRY(set_propagation(tree->get(), kPrivate));
    TSRUN_TRY(attach(tree->get(), directory.get()));
    directory = std::move(*tree);
  }
  context.root = std::move(directory);
  return {};
}

Status current_root(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  auto directory = open_slash();
  TSRUN_TRY(directory.status());
  context.root = std::move(*directory);
  return {};
}

Status root_readonly(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  Attributes change;
  change.set = MOUNT_ATTR_RDONLY;
  return set_attributes(context.root.get(), change, false);
}

}  // namespace tsrun
