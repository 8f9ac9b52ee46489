#include "ns/user.h"

#include <grp.h>
#include <unistd.h>

#include "base/conversation.h"
#include "process/dumpable.h"

namespace tsrun {

Status become_root(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  // Root of a user namespace that others may be in: they could trace us if they had a number for us and we were not undumpable.
  // EPERM where /proc/PID/setgroups says deny: then the caller's groups stay, as the kernel wants it.
  if (setgroups(0, nullptr) != 0 && errno != EPERM) return failed("setgroups");
  // EINVAL: id 0 has no mapping in this namespace. Our capabilities in it are what counts.
  if (setresgid(0, 0, 0) != 0 && errno != EINVAL) return failed("setresgid", "0");
  if (setresuid(0, 0, 0) != 0 && errno != EINVAL) return failed("setresuid", "0");
  return stay_hidden(context);
}

Status idmap(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  TSRUN_TRY(ask_runtime(context, "idmap"));
  return become_root(context, arguments);
}

}  // namespace tsrun
