#include "ns/time.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/procfs.h"

namespace tsrun {

Status time_offsets(Context& context, Arguments arguments) {
  const std::string_view text = arguments.text();
  TSRUN_TRY(arguments.finish());
  return write_own_proc_file(context, "timens_offsets", text);
}

}  // namespace tsrun
