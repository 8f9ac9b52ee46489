#include "engine/handles.h"

#include "engine/env.h"

namespace tsrun::engine {

void Handles::cut(size_t height) {
  while (height_ > height) {
    height_--;
    // taken out first: what is freed may not find itself here
    const JSValue value = *at(height_);
    JS_FreeValue(context_, value);
  }
  const size_t needed = height_ / kBlock + 1;
  if (more_.size() > needed) more_.resize(needed);
}

}  // namespace tsrun::engine

using tsrun::engine::check;
using tsrun::engine::value_of;

// A scope is told by its height plus one, so that none is null.

napi_status napi_open_handle_scope(napi_env env, napi_handle_scope* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  *result = reinterpret_cast<napi_handle_scope>(env->handles.height() + 1);  // NOLINT(performance-no-int-to-ptr)
  env->open_scopes++;
  return env->ok();
}

napi_status napi_close_handle_scope(napi_env env, napi_handle_scope scope) {
  if (const auto status = check(env, scope); status != napi_ok) return status;
  if (env->open_scopes == 0) return napi_handle_scope_mismatch;
  env->open_scopes--;
  env->handles.cut(reinterpret_cast<size_t>(scope) - 1);
  return env->ok();
}

// The slot for what escapes lies just below the scope's own; it holds JS_UNINITIALIZED, which no value of JavaScript is, until then.

napi_status napi_open_escapable_handle_scope(napi_env env, napi_escapable_handle_scope* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  env->handles.push(JS_UNINITIALIZED);
  *result = reinterpret_cast<napi_escapable_handle_scope>(env->handles.height());  // NOLINT(performance-no-int-to-ptr)
  env->open_scopes++;
  return env->ok();
}

napi_status napi_close_escapable_handle_scope(napi_env env, napi_escapable_handle_scope scope) {
  if (const auto status = check(env, scope); status != napi_ok) return status;
  if (env->open_scopes == 0) return napi_handle_scope_mismatch;
  env->open_scopes--;
  env->handles.cut(reinterpret_cast<size_t>(scope));
  return env->ok();
}

napi_status napi_escape_handle(napi_env env, napi_escapable_handle_scope scope, napi_value escapee, napi_value* result) {
  if (const auto status = check(env, scope, escapee, result); status != napi_ok) return status;
  JSValue* slot = env->handles.at(reinterpret_cast<size_t>(scope) - 1);
  if (!JS_IsUninitialized(*slot)) return env->fail(napi_escape_called_twice);
  *slot = JS_DupValue(env->context, value_of(escapee));
  *result = reinterpret_cast<napi_value>(slot);
  return env->ok();
}
