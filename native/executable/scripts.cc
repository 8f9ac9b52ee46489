#include "executable/scripts.h"

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

const Script* find_script(std::string_view name) {
  for (uint32_t at = 0; at < tsrun_script_count; at++) {
    if (name == tsrun_scripts[at].name) return &tsrun_scripts[at];
  }
  return nullptr;
}

Scripts::Scripts(JSContext* context, JSValue executable, bool debug)
    : context_(context), executable_(executable), debug_(debug), need_(JS_NewCFunction(context, need_by_name, "need", 1)) {
  for (JSValue& each : exports_) each = JS_UNDEFINED;
  present = this;
}

JSValue Scripts::need(const char* name) {
  const Script* script = find_script(name);
  if (script != nullptr && script < tsrun_scripts + kMost) {
    JSValue& known = exports_[script - tsrun_scripts];
    if (JS_IsUndefined(known)) {
      const JSValue exports = run(*script);
      if (JS_IsException(exports)) return exports;
      known = exports;
    }
    return JS_DupValue(context_, known);
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
  const Bytes& bytes = debug_ ? script.debug : script.bytecode;
  const JSValue code = JS_ReadObject(context_, bytes.begin, bytes.size(), JS_READ_OBJ_BYTECODE);
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
