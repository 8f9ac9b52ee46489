// Errors made and thrown, and the exception that is pending.
#include <cstring>

#include "engine/env.h"

using tsrun::engine::check;
using tsrun::engine::enter;
using tsrun::engine::Local;
using tsrun::engine::value_of;

namespace {

// An error of a class of JavaScript's with that message, and its code unless that is undefined.
JSValue make(JSContext* context, const char* kind, JSValueConst code, JSValueConst message) {
  const Local global(context, JS_GetGlobalObject(context));
  const Local constructor(context, JS_GetPropertyStr(context, global.get(), kind));
  if (constructor.failed()) return JS_EXCEPTION;
  JSValue argument = message;
  Local error(context, JS_CallConstructor(context, constructor.get(), 1, &argument));
  if (error.failed()) return JS_EXCEPTION;
  if (!JS_IsUndefined(code) && JS_SetPropertyStr(context, error.get(), "code", JS_DupValue(context, code)) < 0) return JS_EXCEPTION;
  return error.take();
}

napi_status create(napi_env env, const char* kind, napi_value code, napi_value message, napi_value* result) {
  if (const auto status = check(env, message, result); status != napi_ok) return status;
  if (!JS_IsString(value_of(message))) return env->fail(napi_string_expected);
  if (code != nullptr && !JS_IsString(value_of(code))) return env->fail(napi_string_expected);
  return env->give(make(env->context, kind, code == nullptr ? JS_UNDEFINED : value_of(code), value_of(message)), result);
}

napi_status raise(napi_env env, const char* kind, const char* code, const char* message) {
  if (const auto status = enter(env, message); status != napi_ok) return status;
  JSContext* context = env->context;
  const Local text(context, tsrun::engine::utf8_string(context, message, strlen(message)));
  const Local name(context, code == nullptr ? JS_UNDEFINED : tsrun::engine::utf8_string(context, code, strlen(code)));
  if (text.failed() || name.failed()) return env->caught();
  JSValue error = make(context, kind, name.get(), text.get());
  if (JS_IsException(error)) return env->caught();
  env->pend(error);
  return env->ok();
}

}  // namespace

napi_status napi_create_error(napi_env env, napi_value code, napi_value message, napi_value* result) {
  return create(env, "Error", code, message, result);
}

napi_status napi_create_type_error(napi_env env, napi_value code, napi_value message, napi_value* result) {
  return create(env, "TypeError", code, message, result);
}

napi_status napi_create_range_error(napi_env env, napi_value code, napi_value message, napi_value* result) {
  return create(env, "RangeError", code, message, result);
}

napi_status node_api_create_syntax_error(napi_env env, napi_value code, napi_value message, napi_value* result) {
  return create(env, "SyntaxError", code, message, result);
}

napi_status napi_throw(napi_env env, napi_value error) {
  if (const auto status = enter(env, error); status != napi_ok) return status;
  env->pend(JS_DupValue(env->context, value_of(error)));
  return env->ok();
}

napi_status napi_throw_error(napi_env env, const char* code, const char* message) { return raise(env, "Error", code, message); }

napi_status napi_throw_type_error(napi_env env, const char* code, const char* message) { return raise(env, "TypeError", code, message); }

napi_status napi_throw_range_error(napi_env env, const char* code, const char* message) { return raise(env, "RangeError", code, message); }

napi_status node_api_throw_syntax_error(napi_env env, const char* code, const char* message) {
  return raise(env, "SyntaxError", code, message);
}

napi_status napi_is_error(napi_env env, napi_value value, bool* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  *result = JS_IsError(value_of(value));
  return env->ok();
}

napi_status napi_is_exception_pending(napi_env env, bool* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  *result = env->has_exception;
  return env->ok();
}

napi_status napi_get_and_clear_last_exception(napi_env env, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  env->has_exception = false;
  return env->give(std::exchange(env->exception, JS_UNDEFINED), result);
}
