#include "engine/references.h"

using tsrun::engine::check;
using tsrun::engine::Companion;
using tsrun::engine::Owner;
using tsrun::engine::value_of;

namespace {

// A symbol of Symbol.for is never collected and no key of a weak map.
bool can_be_weak(JSValueConst value) { return JS_IsObject(value) || JS_IsSymbol(value); }

}  // namespace

napi_ref__::napi_ref__(napi_env its_env, JSValueConst value, uint32_t its_count, Owner its_owner, napi_finalize callback, void* its_data,
                       void* hint)
    : Finalizer(callback, its_data, hint),
      env(its_env),
      count(its_count),
      owner(its_owner),
      attached(*this),
      value_(JS_DupValue(its_env->context, value)),
      strong_(true) {
  env->finalizers.wait(*this);
}

napi_ref__::~napi_ref__() {
  if (wraps != nullptr) wraps->wrapped = nullptr;
  let_go();
}

napi_ref napi_ref__::make(napi_env env, JSValueConst value, uint32_t count, Owner owner, napi_finalize callback, void* data, void* hint) {
  auto* made = new napi_ref__(env, value, count, owner, callback, data, hint);
  if (count > 0 || made->weaken()) return made;
  delete made;
  return nullptr;
}

void napi_ref__::let_go() {
  const JSValue value = std::exchange(value_, JS_UNINITIALIZED);
  if (std::exchange(strong_, false)) JS_FreeValue(env->context, value);
}

bool napi_ref__::weaken() {
  if (!can_be_weak(value_)) {
    let_go();
    return true;
  }
  if (!attached.is()) {
    Companion* companion = Companion::get(env, value_);
    if (companion == nullptr) {
      if (!JS_IsSymbol(value_)) return false;
      // it lives for ever: to hold it is as good
      JS_FreeValue(env->context, JS_GetException(env->context));
      return true;
    }
    companion->attach(this);
  }
  // it may go now; this one is told then and has no value any more
  strong_ = false;
  JS_FreeValue(env->context, value_);
  return true;
}

uint32_t napi_ref__::up() {
  if (JS_IsUninitialized(value_)) return 0;
  if (++count == 1 && !strong_) {
    JS_DupValue(env->context, value_);
    strong_ = true;
  }
  return count;
}

uint32_t napi_ref__::down() {
  if (JS_IsUninitialized(value_) || count == 0) return 0;
  if (--count == 0 && !weaken()) JS_FreeValue(env->context, JS_GetException(env->context));
  return count;
}

JSValue napi_ref__::get() const { return JS_IsUninitialized(value_) ? value_ : JS_DupValue(env->context, value_); }

void napi_ref__::collected() {
  attached.unlink();
  value_ = JS_UNINITIALIZED;
  strong_ = false;
  if (has_callback()) {
    env->finalizers.queue(*this);
  } else if (owner == Owner::kItself) {
    delete this;
  }
}

bool napi_ref__::ends() {
  attached.unlink();
  let_go();
  if (owner == Owner::kItself || !has_callback()) return true;
  // the addon deletes it, in the callback or later; if not, it ends with the environment
  forget();
  env->finalizers.wait(*this);
  return false;
}

napi_status napi_create_reference(napi_env env, napi_value value, uint32_t initial_refcount, napi_ref* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  const JSValueConst what = value_of(value);
  if (env->api_version < 10 && !can_be_weak(what)) return env->fail(napi_invalid_arg);
  *result = napi_ref__::make(env, what, initial_refcount, Owner::kAddon);
  return *result == nullptr ? env->caught() : env->ok();
}

napi_status napi_delete_reference(napi_env env, napi_ref ref) {
  if (const auto status = check(env, ref); status != napi_ok) return status;
  delete ref;
  return env->ok();
}

napi_status napi_reference_ref(napi_env env, napi_ref ref, uint32_t* result) {
  if (const auto status = check(env, ref); status != napi_ok) return status;
  const uint32_t count = ref->up();
  if (result != nullptr) *result = count;
  return env->ok();
}

napi_status napi_reference_unref(napi_env env, napi_ref ref, uint32_t* result) {
  if (const auto status = check(env, ref); status != napi_ok) return status;
  if (ref->count == 0) return env->fail(napi_generic_failure);
  const uint32_t count = ref->down();
  if (result != nullptr) *result = count;
  return env->ok();
}

napi_status napi_get_reference_value(napi_env env, napi_ref ref, napi_value* result) {
  if (const auto status = check(env, ref, result); status != napi_ok) return status;
  const JSValue value = ref->get();
  *result = JS_IsUninitialized(value) ? nullptr : env->handles.push(value);
  return env->ok();
}

napi_status napi_add_finalizer(napi_env env, napi_value object, void* data, node_api_basic_finalize callback, void* hint,
                               napi_ref* result) {
  if (const auto status = check(env, object, callback); status != napi_ok) return status;
  if (!JS_IsObject(value_of(object))) return env->fail(napi_invalid_arg);
  const Owner owner = result == nullptr ? Owner::kItself : Owner::kAddon;
  napi_ref made = napi_ref__::make(env, value_of(object), 0, owner, callback, data, hint);
  if (made == nullptr) return env->caught();
  if (result != nullptr) *result = made;
  return env->ok();
}
