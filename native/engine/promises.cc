#include "engine/env.h"

using tsrun::engine::check;
using tsrun::engine::enter;
using tsrun::engine::Local;
using tsrun::engine::value_of;

// What settles a promise: once, and then it is gone. Node-API's own name for it.
struct napi_deferred__ : tsrun::engine::Finalizer {
  napi_deferred__(napi_env its_env, JSValue with_value, JSValue with_reason)
      : Finalizer(nullptr, nullptr, nullptr), env(its_env), resolve(with_value), reject(with_reason) {
    // a promise that is never settled holds this until the end of the environment
    env->finalizers.wait(*this);
  }
  napi_deferred__(const napi_deferred__&) = delete;
  napi_deferred__& operator=(const napi_deferred__&) = delete;
  ~napi_deferred__() override {
    JS_FreeValue(env->context, resolve);
    JS_FreeValue(env->context, reject);
  }
  napi_env env;
  JSValue resolve;
  JSValue reject;
};

napi_status napi_create_promise(napi_env env, napi_deferred* deferred, napi_value* promise) {
  if (const auto status = enter(env, deferred, promise); status != napi_ok) return status;
  JSValue functions[2];
  JSValue made = JS_NewPromiseCapability(env->context, functions);
  if (JS_IsException(made)) return env->caught(napi_generic_failure);
  *deferred = new napi_deferred__(env, functions[0], functions[1]);
  return env->give(made, promise);
}

static napi_status settle(napi_env env, napi_deferred deferred, napi_value value, bool fulfilled) {
  if (const auto status = enter(env, deferred, value); status != napi_ok) return status;
  JSValue argument = value_of(value);
  const Local done(env->context, JS_Call(env->context, fulfilled ? deferred->resolve : deferred->reject, JS_UNDEFINED, 1, &argument));
  delete deferred;
  return done.failed() ? env->caught(napi_generic_failure) : env->ok();
}

napi_status napi_resolve_deferred(napi_env env, napi_deferred deferred, napi_value resolution) {
  return settle(env, deferred, resolution, true);
}

napi_status napi_reject_deferred(napi_env env, napi_deferred deferred, napi_value rejection) {
  return settle(env, deferred, rejection, false);
}

napi_status napi_is_promise(napi_env env, napi_value value, bool* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  *result = JS_IsPromise(value_of(value));
  return env->ok();
}
