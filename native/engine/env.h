// The environment of an addon, and what the functions of Node-API share: handles, statuses, the pending exception.
#pragma once

#include <quickjs.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/finalizers.h"
#include "engine/handles.h"
#include "engine/interface.h"

namespace tsrun::engine {

struct CleanupHook {
  napi_cleanup_hook call;
  void* argument;
};

// What JavaScript calls weak: the objects that something is known of, each with its Companion (companions.h).
struct WeakTable {
  JSValue map = JS_UNDEFINED;
  JSValue get = JS_UNDEFINED;
  JSValue set = JS_UNDEFINED;
};

}  // namespace tsrun::engine

// Node-API's own name for it: addons hold a pointer to it.
struct napi_env__ {
  napi_env__(JSContext* its_context, int32_t version, const char* its_file);
  ~napi_env__();
  napi_env__(const napi_env__&) = delete;
  napi_env__& operator=(const napi_env__&) = delete;

  JSContext* context;
  JSRuntime* runtime;
  tsrun::engine::Handles handles;

  // Classes of the runtime, registered once an environment.
  JSClassID function_class = JS_INVALID_CLASS_ID;
  JSClassID instance_class = JS_INVALID_CLASS_ID;
  JSClassID external_class = JS_INVALID_CLASS_ID;
  JSClassID companion_class = JS_INVALID_CLASS_ID;
  JSAtom atom_prototype = JS_ATOM_NULL;
  JSAtom atom_constructor = JS_ATOM_NULL;
  JSAtom atom_length = JS_ATOM_NULL;
  JSAtom atom_name = JS_ATOM_NULL;

  // The exception that was thrown and not yet fetched: napi_pending_exception until it is.
  bool has_exception = false;
  JSValue exception = JS_UNDEFINED;

  napi_extended_error_info last_error = {};
  int open_scopes = 0;
  int32_t api_version;
  std::string file;

  tsrun::engine::WeakTable weak;
  tsrun::engine::Finalizers finalizers;
  tsrun::engine::Finalizer* instance_data = nullptr;
  std::vector<tsrun::engine::CleanupHook> hooks;
  int64_t external_memory = 0;
  uintptr_t class_count = 0;

  // Set by close_env; functions of the addon that outlive it keep the memory.
  bool closed = false;
  size_t holders = 1;

  // The result of a call that went wrong, and of one that did not.
  napi_status fail(napi_status status) {
    last_error = {nullptr, nullptr, 0, status};
    return status;
  }
  napi_status ok() { return fail(napi_ok); }

  // Takes the context's exception, if there is one, to be the pending one. `status` is what Node answers in that case.
  napi_status caught(napi_status status = napi_pending_exception);

  // Makes a value pending, taking it over.
  void pend(JSValue value);

  // A handle for a value that is taken over; a failure where it is an exception.
  napi_status give(JSValue value, napi_value* result, napi_status status = napi_pending_exception) {
    if (JS_IsException(value)) return caught(status);
    *result = handles.push(value);
    return ok();
  }

  // One holder fewer; the last one frees the memory.
  void release();
};

namespace tsrun::engine {

// What a handle stands for, still owned by it.
inline JSValueConst value_of(napi_value handle) { return *reinterpret_cast<const JSValue*>(handle); }

// A value that is ours until the end of the block.
class Local {
 public:
  Local(JSContext* context, JSValue value) : context_(context), value_(value) {}
  Local(const Local&) = delete;
  Local& operator=(const Local&) = delete;
  ~Local() { JS_FreeValue(context_, value_); }
  [[nodiscard]] JSValueConst get() const { return value_; }
  [[nodiscard]] bool failed() const { return JS_IsException(value_); }
  // No longer ours.
  JSValue take() { return std::exchange(value_, JS_UNDEFINED); }

 private:
  JSContext* context_;
  JSValue value_;
};

// The same for a property key.
class Key {
 public:
  Key(JSContext* context, JSAtom atom) : context_(context), atom_(atom) {}
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() { JS_FreeAtom(context_, atom_); }
  [[nodiscard]] JSAtom get() const { return atom_; }
  [[nodiscard]] bool failed() const { return atom_ == JS_ATOM_NULL; }

 private:
  JSContext* context_;
  JSAtom atom_;
};

// The beginning of a function that may be called while an exception is pending: not one of the pointers may be null.
template <class... Pointers>
napi_status check(napi_env env, Pointers... pointers) {
  if (env == nullptr) return napi_invalid_arg;
  if (((pointers == nullptr) || ...)) return env->fail(napi_invalid_arg);
  return napi_ok;
}

// The beginning of one that may run JavaScript and so may not.
template <class... Pointers>
napi_status enter(napi_env env, Pointers... pointers) {
  if (env == nullptr) return napi_invalid_arg;
  if (env->has_exception) return env->fail(napi_pending_exception);
  if (env->closed) return env->fail(env->api_version >= 10 ? napi_cannot_run_js : napi_pending_exception);
  if (((pointers == nullptr) || ...)) return env->fail(napi_invalid_arg);
  return env->ok();
}

// An object as a function of Node-API takes it: a primitive value is converted, null and undefined are napi_object_expected,
// a TypeError pending.
JSValue to_object(napi_env env, napi_value value, napi_status* status);

// A string from bytes, decoded as the Encoding Standard says: what is not UTF-8 becomes U+FFFD.
JSValue utf8_string(JSContext* context, const char* text, size_t length);

// The same for a name, which the engine probably knows.
JSValue utf8_name(JSContext* context, const char* name);

// A property key from a C string in UTF-8; failed() with the exception in the context.
JSAtom utf8_key(JSContext* context, const char* name);

}  // namespace tsrun::engine
