// What the caller of tsrun handed over by way of the process itself.
#pragma once

#include <node_api.h>
#include <quickjs.h>

#include <climits>

#include "base/status.h"

namespace tsrun {

// What is recorded at the start: it changes afterwards. The rest is asked of the process when it is needed.
struct Caller {
  int argc = 0;
  char** argv = nullptr;
  bool has_cwd = false;  // a directory that was removed has no name
  char cwd[PATH_MAX];
};

// Opens /dev/null on those of the descriptors 0, 1 and 2 that are closed, as the next file opened would take their place; records where
// we were and goes to `/`, so that no mount is kept busy by us.
Status record_caller(int argc, char** argv, Caller& caller);

// The module with all of it, `Executable` of src/launch.ts; for load_module. What differs from call to call is null in it until
// `tell_caller` says it: false with the exception in the context.
napi_value register_caller(napi_env raw, napi_value exports);
bool tell_caller(JSContext* context, JSValueConst executable, const Caller& caller);

}  // namespace tsrun
