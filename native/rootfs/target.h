// What a mount may cover.
#pragma once

#include "base/context.h"
#include "base/status.h"
#include "rootfs/resolve.h"

namespace tsrun {

// The mount's source, as far as it matters to what it may cover.
struct Covering {
  Kind kind = Kind::directory;
  bool procfs = false;  // it is a procfs itself
  bool plain = false;   // proc and sysfs: only on a directory that no symlink leads to
};

// The place `destination` names below the root, created when missing, if a mount may go there. EPERM: it is the root
// although another name was given, or in /proc where what is read would no longer be the kernel's word.
// ELOOP: a symlink where none may be.
Result<Place> mount_target(const Context& context, const char* destination, const Covering& covering);

}  // namespace tsrun
