#include "rootfs/readonly_path.h"

#include <fcntl.h>

#include "base/syscalls.h"
#include "rootfs/attach.h"
#include "rootfs/resolve.h"

namespace tsrun {
namespace {

Status cover(int target) {
  // Recursive: in a user namespace a mount must not be uncovered by copying the tree without what is on top of it.
  auto tree = clone_tree(target, true);
  TSRUN_TRY(tree.status());
  Attributes change;
  change.set = MOUNT_ATTR_RDONLY;
  // Before it is attached, so that there is no moment in which it is there and can be written.
  TSRUN_TRY(set_attributes(tree->get(), change, false));
  return attach(tree->get(), target);
}

}  // namespace

Status readonly_path(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  TSRUN_TRY(arguments.finish());
  auto target = open_in(context.root.get(), path, O_PATH);
  if (!target.ok()) {
    const int err = target.status().err();
    return err == ENOENT || err == ENOTDIR ? Status() : target.status();
  }
  const auto done = cover(target->get());
  if (done.ok()) return done;
  Text<384> text;
  text.append("make read-only ").append(path).append(": ").append(done.text());
  return {done.err(), text.view()};
}

}  // namespace tsrun
