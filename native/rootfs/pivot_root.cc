#include "rootfs/pivot_root.h"

#include "base/syscalls.h"
#include "rootfs/attach.h"
#include "rootfs/host_path.h"

namespace tsrun {
namespace {

constexpr uint64_t kSlave = 1U << 19;      // MS_SLAVE
constexpr uint64_t kRecursive = 1U << 14;  // MS_REC
constexpr int kDetach = 2;                 // MNT_DETACH

}  // namespace

Status pivot_root(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  context.empty.reset();
  auto old = open_slash();
  TSRUN_TRY(old.status());
  // By descriptors and ".": no name that others could put something else at.
  if (fchdir(context.root.get()) != 0) return failed("chdir to the root");
  // "." twice needs no directory to put the old root on: it is stacked on the new one.
  if (sys::pivot_root(".", ".") != 0) return failed("pivot_root");
  if (fchdir(old->get()) != 0) return failed("chdir to the old root");
  // Otherwise mounts that are still shared would be unmounted on the host too.
  TSRUN_TRY(set_propagation(old->get(), kSlave | kRecursive));
  if (sys::umount2(".", kDetach) != 0) return failed("umount the old root");
  if (chdir("/") != 0) return failed("chdir", "/");
  return {};
}

}  // namespace tsrun
