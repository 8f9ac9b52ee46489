#include "rootfs/symlink.h"

#include <unistd.h>

#include "rootfs/resolve.h"

namespace tsrun {

Status symlink(Context& context, Arguments arguments) {
  const char* path = arguments.text();
  const char* target = arguments.text();
  TSRUN_TRY(arguments.finish());
  auto entry = entry_in(context.root.get(), path);
  TSRUN_TRY(entry.status());
  if (symlinkat(target, entry->parent.get(), entry->name.c_str()) != 0 && errno != EEXIST) return failed("symlink", path);
  return {};
}

}  // namespace tsrun
