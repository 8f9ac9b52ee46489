#include "rootfs/symlink.h"

#include "rootfs/resolve.h"

namespace tsrun {

Status symlink(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  const char* target = arguments.text();
  TSRUN_TRY(arguments.finish());
  auto entry = entry_in(context.root.get(), path);
  TSRUN_TRY(entry.status());
  const auto made = make_symlink(*entry, target);
  return made.ok() ? Status() : Status(made.status().err(), "symlink", path);
}

}  // namespace tsrun
