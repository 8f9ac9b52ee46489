#include "rootfs/directory.h"

#include "rootfs/resolve.h"

namespace tsrun {

Status make_directory(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  TSRUN_TRY(arguments.finish());
  return ensure(context.root.get(), path, Kind::directory).status();
}

}  // namespace tsrun
