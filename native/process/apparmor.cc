#include "process/apparmor.h"

#include "base/procfs.h"

namespace tsrun {

Status apparmor(Context& context, Arguments arguments) {
  const char* profile = arguments.text();
  TSRUN_TRY(arguments.finish());
  Text<4096> order;
  order.append("exec ").append(profile);

  // attr/exec belongs to the first of the stacked security modules; attr/apparmor is AppArmor's own since Linux 5.8.
  auto status = write_own_proc_file(context, "attr/apparmor/exec", order.view());
  if (status.err() == ENOENT) status = write_own_proc_file(context, "attr/exec", order.view());
  if (!status.ok()) return {status.err(), "apply apparmor profile", profile};
  return {};
}

}  // namespace tsrun
