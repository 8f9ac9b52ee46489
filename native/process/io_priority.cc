#include "process/io_priority.h"

#include "base/syscalls.h"

namespace tsrun {

Status io_priority(Context&, Arguments arguments) {
  const auto value = static_cast<int>(arguments.number(UINT16_MAX));
  TSRUN_TRY(arguments.finish());
  constexpr int kWhoProcess = 1;  // IOPRIO_WHO_PROCESS
  if (sys::ioprio_set(kWhoProcess, 0, value) != 0) return failed("set I/O priority");
  return {};
}

}  // namespace tsrun
