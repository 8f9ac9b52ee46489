#include "ns/time.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/procfs.h"

namespace tsrun {

Status time_offsets(Context& context, Arguments arguments) {
  const std::string_view text = arguments.text();
  TSRUN_TRY(arguments.finish());
  // By the runtime's procfs: the /proc of a mount namespace that was joined could lead the write elsewhere (CVE-2025-52881).
  return write_own_proc_file(context, "timens_offsets", text);
}

}  // namespace tsrun
