// Steps `moveRoot` and `chroot`: roots that pivot_root(2) does not take.
#pragma once

#include "base/context.h"

namespace tsrun {

// moveRoot: moves the root's mount onto "/" and changes root to it, for hosts whose root is the initramfs. The host's mounts
// stay below it, out of reach but there: its proc and sysfs mounts are therefore unmounted first, or covered where the kernel
// does not allow that. The working directory is "/" afterwards.
Status move_root(Context& context, Arguments arguments);

// chroot: chroot(2) to the root, for containers without a mount namespace. The working directory is "/" afterwards.
Status chroot(Context& context, Arguments arguments);

}  // namespace tsrun
