#include "process/personality.h"

#include <unistd.h>

#include "base/syscalls.h"

namespace tsrun {

Status personality(Context&, Arguments arguments) {
  const auto persona = arguments.number(UINT32_MAX - 1);  // 0xffffffff only asks
  TSRUN_TRY(arguments.finish());
  // Nobody else can change it.
  if (syscall(SYS_personality, persona) < 0) return failed("set personality");
  return {};
}

}  // namespace tsrun
