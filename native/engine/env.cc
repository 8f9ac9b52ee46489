#include "engine/env.h"

#include <cstdio>
#include <cstdlib>
#include <new>

#include "engine/companions.h"
#include "engine/externals.h"
#include "engine/functions.h"
#include "engine/napi.h"

napi_env__::napi_env__(JSContext* its_context, int32_t version, const char* its_file)
    : context(its_context), runtime(JS_GetRuntime(its_context)), handles(its_context), api_version(version), file(its_file) {}

napi_env__::~napi_env__() = default;

napi_status napi_env__::caught(napi_status status) {
  if (JS_HasException(context)) pend(JS_GetException(context));
  return fail(status);
}

void napi_env__::pend(JSValue value) {
  if (has_exception) JS_FreeValue(context, exception);
  exception = value;
  has_exception = true;
}

void napi_env__::release() {
  if (--holders == 0) delete this;
}

namespace tsrun::engine {

napi_env open_env(JSContext* context, int32_t api_version, const char* file) {
  napi_env env = nullptr;
  try {
    env = new napi_env__(context, api_version, file);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  env->atom_prototype = JS_NewAtom(context, "prototype");
  env->atom_constructor = JS_NewAtom(context, "constructor");
  env->atom_length = JS_NewAtom(context, "length");
  env->atom_name = JS_NewAtom(context, "name");
  if (add_function_classes(env) == 0 && add_external_class(env) == 0 && Companion::add_class(env) == 0) return env;
  close_env(env);
  return nullptr;
}

JSValue load_module(napi_env env, napi_addon_register_func initialise) {
  JSContext* context = env->context;
  JSValue exports = JS_NewObject(context);
  if (JS_IsException(exports)) return exports;
  const Scope scope(env->handles);
  env->ok();
  napi_value given = nullptr;
  napi_value made = nullptr;
  try {
    given = env->handles.push(JS_DupValue(context, exports));
    made = initialise(env, given);
  } catch (...) {
    // An initialiser lets nothing through but what there was no memory for: not even for an error of the language's.
    env->open_scopes = 0;
    if (env->has_exception) JS_FreeValue(context, std::exchange(env->exception, JS_UNDEFINED));
    env->has_exception = false;
    JS_FreeValue(context, exports);
    return JS_ThrowOutOfMemory(context);
  }
  env->open_scopes = 0;
  if (env->has_exception) {
    JS_FreeValue(context, exports);
    env->has_exception = false;
    return JS_Throw(context, std::exchange(env->exception, JS_UNDEFINED));
  }
  if (made == nullptr || made == given) return exports;
  JS_FreeValue(context, exports);
  return JS_DupValue(context, value_of(made));
}

bool run_finalizers(napi_env env) {
  if (env->finalizers.run_queued(env)) return true;
  env->has_exception = false;
  JS_Throw(env->context, std::exchange(env->exception, JS_UNDEFINED));
  return false;
}

void close_env(napi_env env) {
  JSContext* context = env->context;
  while (!env->hooks.empty()) {
    const CleanupHook last = env->hooks.back();
    env->hooks.pop_back();
    last.call(last.argument);
  }
  // from here on JavaScript is at its end: finalizers free what is theirs
  env->closed = true;
  // the others may still want the instance's data
  Finalizer* data = env->instance_data;
  if (data != nullptr) data->unlink();
  env->finalizers.run_all(env);
  env->instance_data = nullptr;
  if (data != nullptr) data->run(env);
  env->handles.cut(0);
  if (env->has_exception) JS_FreeValue(context, env->exception);
  env->has_exception = false;
  for (JSValue* value : {&env->weak.get, &env->weak.set, &env->weak.map}) JS_FreeValue(context, std::exchange(*value, JS_UNDEFINED));
  for (const JSAtom atom : {env->atom_prototype, env->atom_constructor, env->atom_length, env->atom_name}) JS_FreeAtom(context, atom);
  env->release();
}

}  // namespace tsrun::engine

using tsrun::engine::check;

napi_status napi_get_last_error_info(node_api_basic_env env, const napi_extended_error_info** result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  // by napi_status
  static constexpr const char* kMessages[] = {nullptr,
                                              "Invalid argument",
                                              "An object was expected",
                                              "A string was expected",
                                              "A string or symbol was expected",
                                              "A function was expected",
                                              "A number was expected",
                                              "A boolean was expected",
                                              "An array was expected",
                                              "Unknown failure",
                                              "An exception is pending",
                                              "The async work item was cancelled",
                                              "napi_escape_handle already called on scope",
                                              "Invalid handle scope usage",
                                              "Invalid callback scope usage",
                                              "Thread-safe function queue is full",
                                              "Thread-safe function handle is closing",
                                              "A bigint was expected",
                                              "A date was expected",
                                              "An arraybuffer was expected",
                                              "A detachable arraybuffer was expected",
                                              "Main thread would deadlock",
                                              "External buffers are not allowed",
                                              "Cannot run JavaScript"};
  static_assert(std::size(kMessages) == napi_cannot_run_js + 1);
  env->last_error.error_message = kMessages[env->last_error.error_code];
  *result = &env->last_error;
  return napi_ok;
}

napi_status napi_set_instance_data(node_api_basic_env env, void* data, napi_finalize callback, void* hint) {
  if (const auto status = check(env); status != napi_ok) return status;
  // the old data is the addon's to free: only it knows whether the new one has taken it over
  delete env->instance_data;
  env->instance_data = new tsrun::engine::Finalizer(callback, data, hint);
  env->finalizers.wait(*env->instance_data);
  return env->ok();
}

napi_status napi_get_instance_data(node_api_basic_env env, void** data) {
  if (const auto status = check(env, data); status != napi_ok) return status;
  *data = env->instance_data == nullptr ? nullptr : env->instance_data->data();
  return env->ok();
}

napi_status napi_add_env_cleanup_hook(node_api_basic_env env, napi_cleanup_hook call, void* argument) {
  if (const auto status = check(env, call); status != napi_ok) return status;
  env->hooks.push_back({call, argument});
  return napi_ok;
}

napi_status napi_remove_env_cleanup_hook(node_api_basic_env env, napi_cleanup_hook call, void* argument) {
  if (const auto status = check(env, call); status != napi_ok) return status;
  std::erase_if(env->hooks, [&](const auto& hook) { return hook.call == call && hook.argument == argument; });
  return napi_ok;
}

napi_status napi_adjust_external_memory(node_api_basic_env env, int64_t change, int64_t* adjusted) {
  if (const auto status = check(env, adjusted); status != napi_ok) return status;
  // reference counts free at once what this would have a collector hurry for
  *adjusted = env->external_memory += change;
  return env->ok();
}

napi_status napi_get_version(node_api_basic_env env, uint32_t* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  *result = 9;
  return env->ok();
}

napi_status node_api_get_module_file_name(node_api_basic_env env, const char** result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  *result = env->file.c_str();
  return env->ok();
}

void napi_fatal_error(const char* location, size_t location_length, const char* message, size_t message_length) {
  const auto print = [](const char* text, size_t length) {
    if (text != nullptr) fwrite(text, 1, length == NAPI_AUTO_LENGTH ? strlen(text) : length, stderr);
  };
  fputs("FATAL ERROR: ", stderr);
  print(location, location_length);
  fputc(' ', stderr);
  print(message, message_length);
  fputc('\n', stderr);
  abort();
}
