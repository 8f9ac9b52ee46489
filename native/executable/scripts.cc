#include "executable/scripts.h"

#include "executable/payload.h"

namespace tsrun {
namespace {

Scripts* present = nullptr;

// A payload of scripts, as scripts/lib/payload.mjs writes it. Offsets are from its beginning.
struct Part {
  uint32_t begin;
  uint32_t size;
};
struct Entry {
  Part name;
  Part bytecode;
  Part debug;
  Part lines;
};
struct Table : Payload {
  uint64_t count;
  Entry entries[];
};

const Table& table() { return payload<Table>(); }

Bytes bytes_of(const Part& part) { return {tsrun_payload + part.begin, part.size}; }

std::string_view text_of(const Part& part) { return {reinterpret_cast<const char*>(tsrun_payload + part.begin), part.size}; }

JSValue need_by_name(JSContext* context, JSValueConst, int, JSValueConst* argv) {
  const char* name = JS_ToCString(context, argv[0]);
  if (name == nullptr) return JS_EXCEPTION;
  // in a heap that was prepared there is nothing left to read
  const JSValue found = present == nullptr ? JS_ThrowReferenceError(context, "no script %s", name) : present->need(name);
  JS_FreeCString(context, name);
  return found;
}

}  // namespace

int find_script(std::string_view name) {
  for (uint64_t at = 0; at < table().count; at++) {
    if (name == text_of(table().entries[at].name)) return static_cast<int>(at);
  }
  return -1;
}

Script script_at(int place) {
  const Entry& entry = table().entries[place];
  return {text_of(entry.name), bytes_of(entry.bytecode), bytes_of(entry.debug), bytes_of(entry.lines)};
}

Scripts::Scripts(JSContext* context, JSValue executable, bool debug)
    : context_(context), executable_(executable), debug_(debug), need_(JS_NewCFunction(context, need_by_name, "need", 1)) {
  for (JSValue& each : exports_) each = JS_UNDEFINED;
}

Scripts& scripts_for(JSContext* context, JSValue executable, bool debug) {
  if (present == nullptr) present = new Scripts(context, executable, debug);
  return *present;
}

Scripts& scripts() { return *present; }

JSValue Scripts::need(const char* name) {
  const int place = find_script(name);
  if (place >= 0 && place < kMost) {
    JSValue& known = exports_[place];
    if (JS_IsUndefined(known)) {
      const JSValue exports = run(script_at(place));
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
  const JSValue code = JS_ReadObject(context_, bytes.begin, bytes.size, JS_READ_OBJ_BYTECODE);
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
