#include "process/selinux.h"

#include "base/procfs.h"

namespace tsrun {

Status selinux(Context& context, Arguments arguments) {
  const char* label = arguments.text();
  TSRUN_TRY(arguments.finish());
  // By the runtime's procfs, as in apparmor.cc.
  const auto status = write_own_proc_file(context, "attr/exec", label);
  if (!status.ok()) return {status.err(), "set selinux label", label};
  return {};
}

}  // namespace tsrun
