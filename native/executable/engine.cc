#include "executable/engine.h"

#include <sys/auxv.h>
#include <sys/resource.h>

#include <cstdint>

#include "executable/heap.h"

namespace tsrun {
namespace {

// Bytes of the heap at which the collector first looks for cycles: no short command comes to it, and one that stays goes on from there.
constexpr size_t kCollectAt = 16 << 20;

// What the addon and the C library need below the engine, which asks before it recurses.
constexpr uintptr_t kReserve = 64 << 10;
// The least that is left to the engine, and the most, however unlimited the stack is.
constexpr uintptr_t kLeast = 64 << 10;
constexpr uintptr_t kMost = 4 << 20;

// Bytes of stack that the engine may use from here on. The kernel counts RLIMIT_STACK from the end of the stack's mapping (mm/mmap.c,
// acct_stack_growth), where the program's name is, the arguments and the environment.
Status stack_size(size_t& size) {
  rlimit limit = {};
  if (getrlimit(RLIMIT_STACK, &limit) != 0) return failed("getrlimit", "RLIMIT_STACK");
  size = kMost;
  if (limit.rlim_cur == RLIM_INFINITY) return {};
  const auto top = static_cast<uintptr_t>(getauxval(AT_EXECFN));
  const auto used = top - reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const auto left = limit.rlim_cur > used ? static_cast<uintptr_t>(limit.rlim_cur) - used : 0;
  if (left < kReserve + kLeast) return {kNoErrorWords, "the limit of the stack (ulimit -s) is too small, 256 KiB will do"};
  if (left - kReserve < kMost) size = left - kReserve;
  return {};
}

}  // namespace

Status start_engine(JSContext*& context) {
  JSRuntime* runtime = JS_NewRuntime2(&kEngineMemory, nullptr);
  if (runtime == nullptr) return {ENOMEM, "start the engine"};
  JS_SetMaxStackSize(runtime, 0);
  JS_SetGCThreshold(runtime, kCollectAt);
  context = JS_NewContextRaw(runtime);
  if (context == nullptr) return {ENOMEM, "start the engine"};
  const int failures[] = {
      JS_AddIntrinsicBaseObjects(context), JS_AddIntrinsicDate(context),    JS_AddIntrinsicRegExp(context),
      JS_AddIntrinsicJSON(context),        JS_AddIntrinsicMapSet(context),  JS_AddIntrinsicTypedArrays(context),
      JS_AddIntrinsicPromise(context),     JS_AddIntrinsicWeakRef(context), JS_AddPerformance(context),
  };
  for (const int failure : failures) {
    if (failure != 0) return {ENOMEM, "start the engine"};
  }
  return {};
}

Status limit_stack(JSRuntime* runtime) {
  size_t size = 0;
  TSRUN_TRY(stack_size(size));
  JS_UpdateStackTop(runtime);
  JS_SetMaxStackSize(runtime, size);
  return {};
}

}  // namespace tsrun
