// dist/tsrun: the TypeScript, compiled ahead, in an engine that has no other code to run, with the addon's own sources. Static, so that
// neither the environment nor the working directory decides what is loaded.
#include <quickjs.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/status.h"
#include "engine/napi.h"
#include "executable/caller.h"
#include "executable/engine.h"
#include "executable/memory.h"
#include "executable/payload.h"
#include "executable/prepare.h"
#include "executable/prepared.h"
#include "executable/scripts.h"
#include "process/caught_signals_host.h"

// The addon's initialiser (NODE_API_MODULE in native/addon/addon.cc).
extern "C" napi_value napi_register_module_v1(napi_env env, napi_value exports);

namespace tsrun {
namespace {

constexpr int kNodeApi = 9;

[[noreturn]] void give_up(const char* words) {
  dprintf(STDERR_FILENO, "tsrun: %s\n", words);
  _exit(1);
}

// Ends the process with what was thrown in words. `core` has them, or the engine where they cannot be made.
[[noreturn]] void give_up(JSContext* context, JSValueConst core, JSValue thrown) {
  const JSValue words = JS_IsObject(core) ? JS_GetPropertyStr(context, core, "failureText") : JS_UNDEFINED;
  JSValue text = JS_IsFunction(context, words) ? JS_Call(context, words, JS_UNDEFINED, 1, &thrown) : JS_DupValue(context, thrown);
  if (JS_IsException(text)) text = thrown;
  const char* line = JS_ToCString(context, text);
  give_up(line == nullptr ? "internal error" : line);
}

// Whether --debug or --log-level debug may be among the words: the command line is not read yet. Where it was something else that looked
// like it, the call takes a little longer.
bool may_debug(const Caller& caller) {
  for (int i = 1; i < caller.argc; i++) {
    if (strstr(caller.argv[i], "debug") != nullptr) return true;
  }
  return false;
}

// Runs what awaits until nothing does; all that does something ends the process itself.
[[noreturn]] void run(const Beginnings& beginnings) {
  JSContext* context = beginnings.context;
  const JSValue core = beginnings.core;
  const JSValue function = JS_GetPropertyStr(context, core, "runProcess");
  const JSValue promise = JS_Call(context, function, JS_UNDEFINED, 0, nullptr);
  if (JS_IsException(promise)) give_up(context, core, JS_GetException(context));
  for (;;) {
    JSContext* where = nullptr;
    const int ran = JS_ExecutePendingJob(JS_GetRuntime(context), &where);
    if (ran < 0 || !engine::run_finalizers(beginnings.env)) give_up(context, core, JS_GetException(context));
    if (ran == 0) break;
  }
  if (JS_PromiseState(context, promise) == JS_PROMISE_REJECTED) give_up(context, core, JS_PromiseResult(context, promise));
  give_up("internal error: a promise that nobody keeps");
}

// The engine with the first script evaluated.
Status begin(bool debug, Beginnings& beginnings) {
  auto& [context, env, executable, core] = beginnings;
  TSRUN_TRY(start_engine(context));
  env = engine::open_env(context, kNodeApi);
  if (env == nullptr) return {ENOMEM, "start the engine"};
  executable = engine::load_module(env, register_caller);
  if (JS_IsException(executable)) give_up(context, JS_UNDEFINED, JS_GetException(context));
  const JSValue addon = engine::load_module(env, napi_register_module_v1);
  if (JS_IsException(addon)) give_up(context, JS_UNDEFINED, JS_GetException(context));
  JS_SetPropertyStr(context, executable, "addon", addon);
  core = scripts_for(context, executable, debug).need("core");
  if (JS_IsException(core)) give_up(context, JS_UNDEFINED, JS_GetException(context));
  return {};
}

Status start(int argc, char** argv) {
  if (payload().kind == PayloadKind::kToPrepare) return prepare(begin, argc > 1 ? argv[1] : "");
  ignore_output_signals();
  static Caller caller;
  TSRUN_TRY(record_caller(argc, argv, caller));
  Beginnings beginnings = {};
  if (payload().kind == PayloadKind::kHeap) {
    TSRUN_TRY(map_heap(beginnings));
  } else {
    TSRUN_TRY(begin(may_debug(caller), beginnings));
  }
  JSContext* context = beginnings.context;
  TSRUN_TRY(limit_stack(JS_GetRuntime(context)));
  give_back_when_settled();
  if (!tell_caller(context, beginnings.executable, caller)) give_up(context, JS_UNDEFINED, JS_GetException(context));
  run(beginnings);
}

}  // namespace
}  // namespace tsrun

int main(int argc, char** argv) {
  const tsrun::Status status = tsrun::start(argc, argv);
  const bool words = status.err() != tsrun::kNoErrorWords;
  dprintf(STDERR_FILENO, "tsrun: %s%s%s\n", status.text().data(), words ? ": " : "", words ? strerror(status.err()) : "");
  _exit(1);
}
