#include "rootfs/target.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include <climits>

#include "rootfs/trusted.h"

namespace tsrun {
namespace {

// Files that show a machine's resources: engines cover them with a container's own (lxcfs), nothing else may be.
constexpr std::string_view kCoverable[] = {"cpuinfo",
                                           "diskstats",
                                           "meminfo",
                                           "stat",
                                           "swaps",
                                           "uptime",
                                           "loadavg",
                                           "slabinfo",
                                           "sys/kernel/ns_last_pid",
                                           "sys/crypto/fips_enabled"};

Status check_proc(std::string_view inside, std::string_view destination, const Covering& covering) {
  constexpr std::string_view kProc = "/proc";
  // A directory of somebody's making as /proc would be asked for the state of the container's processes.
  if (inside == kProc) return covering.procfs ? Status() : Status(EPERM, "mount something that is not procfs on", destination);
  if (!inside.starts_with("/proc/")) return {};
  auto below = inside;
  below.remove_prefix(kProc.size() + 1);
  for (const auto name : kCoverable) {
    if (below == name) return {};
  }
  return {EPERM, "mount inside /proc on", destination};
}

}  // namespace

Result<Place> mount_target(const Context& context, const char* destination, const Covering& covering) {
  // A /proc or /sys that an image made a symlink would be mounted elsewhere, and what is protected by its name with it.
  auto place = ensure(context.root.get(), destination, covering.kind, covering.plain ? Symlinks::refuse : Symlinks::follow);
  if (!place.ok()) {
    if (place.status().err() == ELOOP && covering.plain) return Status(ELOOP, "mount on an ordinary directory: symlink in", destination);
    return place;
  }

  char root_buffer[PATH_MAX];
  char target_buffer[PATH_MAX];
  auto root = path_of(context, context.root.get(), root_buffer);
  if (!root.ok()) return root.status();
  auto target = path_of(context, place->fd.get(), target_buffer);
  if (!target.ok()) return target.status();
  const bool below = target->starts_with(*root) && (target->size() == root->size() || (*target)[root->size()] == '/');
  // Somebody moved the directory out of the root after it was found.
  if (!below) return Status(EXDEV, "stay inside the root with", destination);
  auto inside = *target;
  inside.remove_prefix(root->size());

  std::string_view named(destination);
  while (!named.empty() && named.back() == '/') named.remove_suffix(1);
  // A symlink to "/" would cover everything that was put in place so far.
  if (inside.empty() && !named.empty()) return Status(EPERM, "mount over the root by way of", destination);

  if (const auto status = check_proc(inside, destination, covering); !status.ok()) return status;
  struct statfs system {};
  if (fstatfs(place->fd.get(), &system) != 0) return failed("statfs", destination);
  // A procfs mounted under another name, or covered files seen through it, is no place for mounts either.
  if (system.f_type == PROC_SUPER_MAGIC && !inside.starts_with("/proc/") && !covering.procfs) {
    return Status(EPERM, "mount inside a procfs on", destination);
  }
  return place;
}

}  // namespace tsrun
