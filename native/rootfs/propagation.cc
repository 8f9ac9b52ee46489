#include "rootfs/propagation.h"

#include <fcntl.h>

#include "rootfs/attach.h"

namespace tsrun {

Status propagation(Context&, Arguments arguments) {
  const auto flags = arguments.number(UINT32_MAX);
  TSRUN_TRY(arguments.finish());
  const Fd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return failed("open", "/");
  return set_propagation(root.get(), flags);
}

Status root_propagation(Context& context, Arguments arguments) {
  const auto flags = arguments.number(UINT32_MAX);
  TSRUN_TRY(arguments.finish());
  return set_propagation(context.root.get(), flags);
}

}  // namespace tsrun
