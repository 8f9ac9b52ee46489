#include "rootfs/propagation.h"

#include "rootfs/attach.h"
#include "rootfs/host_path.h"

namespace tsrun {

Status propagation(Context&, Arguments arguments) {
  const auto flags = arguments.number(UINT32_MAX);
  TSRUN_TRY(arguments.finish());
  auto root = open_slash();
  TSRUN_TRY(root.status());
  return set_propagation(root->get(), flags);
}

Status root_propagation(Context& context, Arguments arguments) {
  const auto flags = arguments.number(UINT32_MAX);
  TSRUN_TRY(arguments.finish());
  return set_propagation(context.root.get(), flags);
}

}  // namespace tsrun
