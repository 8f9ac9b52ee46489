#include "engine/externals.h"

namespace tsrun::engine {
namespace {

struct External {
  napi_env env;
  void* data;
  // Called once it is collected; null without a callback, or when it was called.
  Finalizer* finalizer = nullptr;
  napi_type_tag tag = {};
  bool tagged = false;
};

// Tells the external value that nothing is left to call.
class ExternalFinalizer final : public Finalizer {
 public:
  ExternalFinalizer(External& external, napi_finalize callback, void* data, void* hint)
      : Finalizer(callback, data, hint), external_(&external) {}
  void part() { external_ = nullptr; }

 protected:
  bool ends() override {
    if (external_ != nullptr) external_->finalizer = nullptr;
    return true;
  }

 private:
  External* external_;
};

void collected(JSRuntime* /*runtime*/, JSValueConst value) {
  JSClassID id = JS_INVALID_CLASS_ID;
  auto* external = static_cast<External*>(JS_GetAnyOpaque(value, &id));
  if (external == nullptr) return;
  if (external->finalizer != nullptr) {
    static_cast<ExternalFinalizer*>(external->finalizer)->part();
    external->env->finalizers.queue(*external->finalizer);
  }
  external->env->release();
  delete external;
}

External* external_of(napi_env env, JSValueConst value) { return static_cast<External*>(JS_GetOpaque(value, env->external_class)); }

}  // namespace

int add_external_class(napi_env env) {
  JS_NewClassID(env->runtime, &env->external_class);
  JSClassDef definition = {};
  definition.class_name = "External";
  definition.finalizer = collected;
  return JS_NewClass(env->runtime, env->external_class, &definition);
}

bool is_external(napi_env env, JSValueConst value) { return external_of(env, value) != nullptr; }

napi_type_tag* external_tag(napi_env env, JSValueConst value, bool** tagged) {
  External* external = external_of(env, value);
  *tagged = &external->tagged;
  return &external->tag;
}

}  // namespace tsrun::engine

using tsrun::engine::check;
using tsrun::engine::enter;
using tsrun::engine::value_of;

napi_status napi_create_external(napi_env env, void* data, node_api_basic_finalize callback, void* hint, napi_value* result) {
  if (const auto status = enter(env, result); status != napi_ok) return status;
  JSValue value = JS_NewObjectProtoClass(env->context, JS_NULL, env->external_class);
  if (JS_IsException(value)) return env->caught();
  auto* external = new tsrun::engine::External{env, data};
  env->holders++;
  if (callback != nullptr) {
    external->finalizer = new tsrun::engine::ExternalFinalizer(*external, callback, data, hint);
    env->finalizers.wait(*external->finalizer);
  }
  JS_SetOpaque(value, external);
  return env->give(value, result);
}

napi_status napi_get_value_external(napi_env env, napi_value value, void** result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  const auto* external = tsrun::engine::external_of(env, value_of(value));
  if (external == nullptr) return env->fail(napi_invalid_arg);
  *result = external->data;
  return env->ok();
}
