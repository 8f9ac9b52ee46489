#include "engine/env.h"

using tsrun::engine::check;
using tsrun::engine::enter;
using tsrun::engine::Local;
using tsrun::engine::value_of;

napi_status napi_create_date(napi_env env, double time, napi_value* result) {
  if (const auto status = enter(env, result); status != napi_ok) return status;
  return env->give(JS_NewDate(env->context, time), result);
}

napi_status napi_is_date(napi_env env, napi_value value, bool* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  *result = JS_IsDate(value_of(value));
  return env->ok();
}

napi_status napi_get_date_value(napi_env env, napi_value value, double* result) {
  if (const auto status = enter(env, value, result); status != napi_ok) return status;
  if (!JS_IsDate(value_of(value))) return env->fail(napi_date_expected);
  // Date's own valueOf, whatever the object calls so
  JSContext* context = env->context;
  const Local global(context, JS_GetGlobalObject(context));
  const Local date(context, JS_GetPropertyStr(context, global.get(), "Date"));
  const Local prototype(context, JS_GetPropertyStr(context, date.get(), "prototype"));
  const Local get(context, JS_GetPropertyStr(context, prototype.get(), "valueOf"));
  const Local time(context, JS_Call(context, get.get(), value_of(value), 0, nullptr));
  if (time.failed() || JS_ToFloat64(context, result, time.get()) < 0) return env->caught();
  return env->ok();
}
