// Values that are no objects, what kind a value is, and conversions.
#include <cmath>

#include "engine/env.h"
#include "engine/externals.h"

namespace tsrun::engine {

JSValue to_object(napi_env env, napi_value value, napi_status* status) {
  if (value == nullptr) {
    *status = env->fail(napi_invalid_arg);
    return JS_EXCEPTION;
  }
  const JSValueConst given = value_of(value);
  if (JS_IsObject(given)) return JS_DupValue(env->context, given);
  // undefined and null are answered with a status, and in Node with a TypeError that is pending, too
  JSValue object = JS_ToObject(env->context, given);
  if (JS_IsException(object)) *status = env->caught(napi_object_expected);
  return object;
}

}  // namespace tsrun::engine

using tsrun::engine::check;
using tsrun::engine::enter;
using tsrun::engine::Local;
using tsrun::engine::value_of;

napi_status napi_get_undefined(napi_env env, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_UNDEFINED, result);
}

napi_status napi_get_null(napi_env env, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_NULL, result);
}

napi_status napi_get_global(napi_env env, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_GetGlobalObject(env->context), result);
}

napi_status napi_get_boolean(napi_env env, bool value, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_NewBool(env->context, value), result);
}

napi_status napi_create_double(napi_env env, double value, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_NewNumber(env->context, value), result);
}

napi_status napi_create_int32(napi_env env, int32_t value, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_NewInt32(env->context, value), result);
}

napi_status napi_create_uint32(napi_env env, uint32_t value, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_NewUint32(env->context, value), result);
}

napi_status napi_create_int64(napi_env env, int64_t value, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_NewInt64(env->context, value), result);
}

napi_status napi_create_symbol(napi_env env, napi_value description, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  JSContext* context = env->context;
  if (description != nullptr && !JS_IsString(value_of(description))) return env->fail(napi_string_expected);
  // by JavaScript's own function: the engine's takes no description with a NUL
  const Local global(context, JS_GetGlobalObject(context));
  const Local symbol(context, JS_GetPropertyStr(context, global.get(), "Symbol"));
  if (symbol.failed()) return env->caught();
  JSValue argument = description == nullptr ? JS_UNDEFINED : value_of(description);
  return env->give(JS_Call(context, symbol.get(), JS_UNDEFINED, 1, &argument), result);
}

napi_status node_api_symbol_for(napi_env env, const char* description, size_t length, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  napi_value text = nullptr;
  if (const auto status = napi_create_string_utf8(env, description, length, &text); status != napi_ok) return status;
  JSContext* context = env->context;
  const Local global(context, JS_GetGlobalObject(context));
  const Local symbol(context, JS_GetPropertyStr(context, global.get(), "Symbol"));
  const Local find(context, JS_GetPropertyStr(context, symbol.get(), "for"));
  if (find.failed()) return env->caught();
  JSValue argument = value_of(text);
  return env->give(JS_Call(context, find.get(), symbol.get(), 1, &argument), result);
}

napi_status napi_typeof(napi_env env, napi_value value, napi_valuetype* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  const JSValueConst what = value_of(value);
  if (JS_IsNumber(what)) {
    *result = napi_number;
  } else if (JS_IsString(what)) {
    *result = napi_string;
  } else if (JS_IsObject(what)) {
    *result = JS_IsFunction(env->context, what) ? napi_function : tsrun::engine::is_external(env, what) ? napi_external : napi_object;
  } else if (JS_IsBool(what)) {
    *result = napi_boolean;
  } else if (JS_IsUndefined(what)) {
    *result = napi_undefined;
  } else if (JS_IsNull(what)) {
    *result = napi_null;
  } else if (JS_IsBigInt(what)) {
    *result = napi_bigint;
  } else if (JS_IsSymbol(what)) {
    *result = napi_symbol;
  } else {
    return env->fail(napi_invalid_arg);
  }
  return env->ok();
}

napi_status napi_get_value_bool(napi_env env, napi_value value, bool* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  if (!JS_IsBool(value_of(value))) return env->fail(napi_boolean_expected);
  *result = JS_VALUE_GET_BOOL(value_of(value)) != 0;
  return env->ok();
}

napi_status napi_get_value_double(napi_env env, napi_value value, double* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  if (!JS_IsNumber(value_of(value))) return env->fail(napi_number_expected);
  JS_ToFloat64(env->context, result, value_of(value));
  return env->ok();
}

// Modulo 2^32, zero for what is not finite.
napi_status napi_get_value_int32(napi_env env, napi_value value, int32_t* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  if (!JS_IsNumber(value_of(value))) return env->fail(napi_number_expected);
  JS_ToInt32(env->context, result, value_of(value));
  return env->ok();
}

napi_status napi_get_value_uint32(napi_env env, napi_value value, uint32_t* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  if (!JS_IsNumber(value_of(value))) return env->fail(napi_number_expected);
  JS_ToUint32(env->context, result, value_of(value));
  return env->ok();
}

// The nearest there is, zero for what is not finite.
napi_status napi_get_value_int64(napi_env env, napi_value value, int64_t* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  if (!JS_IsNumber(value_of(value))) return env->fail(napi_number_expected);
  double number = 0;
  JS_ToFloat64(env->context, &number, value_of(value));
  constexpr double kBeyond = 9223372036854775808.0;
  if (!std::isfinite(number)) {
    *result = 0;
  } else if (number >= kBeyond) {
    *result = INT64_MAX;
  } else if (number <= -kBeyond) {
    *result = INT64_MIN;
  } else {
    *result = static_cast<int64_t>(number);
  }
  return env->ok();
}

napi_status napi_coerce_to_bool(napi_env env, napi_value value, napi_value* result) {
  if (const auto status = enter(env, value, result); status != napi_ok) return status;
  return env->give(JS_ToBoolean(env->context, value_of(value)), result);
}

napi_status napi_coerce_to_number(napi_env env, napi_value value, napi_value* result) {
  if (const auto status = enter(env, value, result); status != napi_ok) return status;
  return env->give(JS_ToNumber(env->context, value_of(value)), result, napi_number_expected);
}

napi_status napi_coerce_to_string(napi_env env, napi_value value, napi_value* result) {
  if (const auto status = enter(env, value, result); status != napi_ok) return status;
  return env->give(JS_ToString(env->context, value_of(value)), result, napi_string_expected);
}

napi_status napi_coerce_to_object(napi_env env, napi_value value, napi_value* result) {
  if (const auto status = enter(env, value, result); status != napi_ok) return status;
  napi_status status = napi_ok;
  JSValue object = tsrun::engine::to_object(env, value, &status);
  return JS_IsException(object) ? status : env->give(object, result);
}

napi_status napi_strict_equals(napi_env env, napi_value left, napi_value right, bool* result) {
  if (const auto status = enter(env, left, right, result); status != napi_ok) return status;
  *result = JS_IsStrictEqual(env->context, value_of(left), value_of(right));
  return env->ok();
}
