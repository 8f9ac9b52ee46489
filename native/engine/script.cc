// The one function that needs the engine's parser: a program that does not call it is linked without.
#include "engine/env.h"

using tsrun::engine::enter;
using tsrun::engine::value_of;

napi_status napi_run_script(napi_env env, napi_value script, napi_value* result) {
  if (const auto status = enter(env, script, result); status != napi_ok) return status;
  if (!JS_IsString(value_of(script))) return env->fail(napi_string_expected);
  size_t length = 0;
  const char* text = JS_ToCStringLen(env->context, &length, value_of(script));
  if (text == nullptr) return env->caught();
  JSValue value = JS_Eval(env->context, text, length, "script", JS_EVAL_TYPE_GLOBAL);
  JS_FreeCString(env->context, text);
  return env->give(value, result, napi_generic_failure);
}
