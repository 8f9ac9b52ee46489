#include "executable/scripts.h"

#include <cstring>

namespace tsrun {
namespace {

Scripts* present = nullptr;

JSValue need_by_name(JSContext* context, JSValueConst, int, JSValueConst* argv) {
  const char* name = JS_ToCString(context, argv[0]);
  if (name == nullptr) return JS_EXCEPTION;
  const JSValue found = present->need(name);
  JS_FreeCString(context, name);
  return found;
}

}  // namespace

Scripts::Scripts(JSContext* context, JSValue executable)
    : context_(context), executable_(executable), need_(JS_NewCFunction(context, need_by_name, "need", 1)) {
  for (JSValue& each : exports_) each = JS_UNDEFINED;
  present = this;
}

JSValue Scripts::need(const char* name) {
  for (uint32_t at = 0; at < tsrun_script_count && at < kMost; at++) {
    if (strcmp(tsrun_scripts[at].name, name) != 0) continue;
    if (JS_IsUndefined(exports_[at])) {
      const JSValue exports = run(tsrun_scripts[at]);
      if (JS_IsException(exports)) return exports;
      exports_[at] = exports;
    }
    return JS_DupValue(context_, exports_[at]);
  }
  const JSValue core = need("core");
  if (JS_IsException(core)) return core;
  const JSValue modules = JS_GetPropertyStr(context_, core, "modules");
  const JSValue found = JS_GetPropertyStr(context_, modules, name);
  JS_FreeValue(context_, modules);
  JS_FreeValue(context_, core);
  if (JS_IsUndefined(found)) return JS_ThrowReferenceError(context_, "no script %s", name);
  return found;
}

JSValue Scripts::run(const Script& script) {
  const auto size = static_cast<size_t>(script.end - script.bytecode);
  const JSValue code = JS_ReadObject(context_, script.bytecode, size, JS_READ_OBJ_BYTECODE);
  if (JS_IsException(code)) return code;
  const JSValue function = JS_EvalFunction(context_, code);
  if (JS_IsException(function)) return function;
  const JSValue module = JS_NewObject(context_);
  const JSValue exports = JS_NewObject(context_);
  JS_SetPropertyStr(context_, module, "exports", JS_DupValue(context_, exports));
  JSValue arguments[] = {need_, module, exports, executable_};
  const JSValue result = JS_Call(context_, function, JS_UNDEFINED, 4, arguments);
  JS_FreeValue(context_, function);
  JS_FreeValue(context_, exports);
  const JSValue made = JS_IsException(result) ? result : JS_GetPropertyStr(context_, module, "exports");
  if (!JS_IsException(result)) JS_FreeValue(context_, result);
  JS_FreeValue(context_, module);
  return made;
}

}  // namespace tsrun
