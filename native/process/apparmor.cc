#include "process/apparmor.h"

#include "base/procfs.h"

namespace tsrun {

Status apparmor(Context& context, Arguments arguments) {
  const char* profile = arguments.text();
  TSRUN_TRY(arguments.finish());
  // The kernel takes a page at most, and cuts what is longer without a word (fs/proc/base.c, proc_pid_attr_write): that could
  // be the name of another profile.
  constexpr size_t kPage = 4096;
  Text<kPage + 1> order;
  order.append("exec ");
  if (strlen(profile) > kPage - order.view().size()) return {ENAMETOOLONG, "apply apparmor profile", profile};
  order.append(profile);

  // attr/exec belongs to the first of the stacked security modules; attr/apparmor is AppArmor's own since Linux 5.8.
  // By the runtime's procfs: we may be in a mount namespace of the container's by now, whose /proc can be anything (CVE-2025-52881).
  auto status = write_own_proc_file(context, "attr/apparmor/exec", order.view());
  if (status.err() == ENOENT) status = write_own_proc_file(context, "attr/exec", order.view());
  if (!status.ok()) return {status.err(), "apply apparmor profile", profile};
  return {};
}

}  // namespace tsrun
