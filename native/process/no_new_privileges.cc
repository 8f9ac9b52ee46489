#include "process/no_new_privileges.h"

#include <sys/prctl.h>

namespace tsrun {

Status no_new_privileges(Context&, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  // For good: nobody can take it back.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("set no_new_privs");
  return {};
}

}  // namespace tsrun
