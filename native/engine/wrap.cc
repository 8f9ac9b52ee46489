// Objects that stand for something of an addon's, and the tags that tell whose.
#include "engine/companions.h"
#include "engine/externals.h"
#include "engine/references.h"

using tsrun::engine::Companion;
using tsrun::engine::enter;
using tsrun::engine::Local;
using tsrun::engine::Owner;
using tsrun::engine::value_of;

napi_status napi_wrap(napi_env env, napi_value object, void* data, node_api_basic_finalize callback, void* hint, napi_ref* result) {
  if (const auto status = enter(env, object); status != napi_ok) return status;
  // a reference that is given out is deleted when its finalizer is called: it must have one
  if (!JS_IsObject(value_of(object)) || (result != nullptr && callback == nullptr)) return env->fail(napi_invalid_arg);
  Companion* companion = Companion::get(env, value_of(object));
  if (companion == nullptr) return env->caught(napi_generic_failure);
  if (companion->wrapped != nullptr) return env->fail(napi_invalid_arg);
  napi_ref made = napi_ref__::make(env, value_of(object), 0, result == nullptr ? Owner::kItself : Owner::kAddon, callback, data, hint);
  if (made == nullptr) return env->caught(napi_generic_failure);
  companion->wrapped = made;
  made->wraps = companion;
  if (result != nullptr) *result = made;
  return env->ok();
}

static napi_ref wrapped(napi_env env, napi_value object) {
  if (!JS_IsObject(value_of(object))) return nullptr;
  const Companion* companion = Companion::find(env, value_of(object));
  return companion == nullptr ? nullptr : companion->wrapped;
}

napi_status napi_unwrap(napi_env env, napi_value object, void** result) {
  if (const auto status = enter(env, object, result); status != napi_ok) return status;
  napi_ref reference = wrapped(env, object);
  if (reference == nullptr) return env->fail(napi_invalid_arg);
  *result = reference->data();
  return env->ok();
}

napi_status napi_remove_wrap(napi_env env, napi_value object, void** result) {
  if (const auto status = enter(env, object); status != napi_ok) return status;
  napi_ref reference = wrapped(env, object);
  if (reference == nullptr) return env->fail(napi_invalid_arg);
  if (result != nullptr) *result = reference->data();
  if (reference->owner == Owner::kItself) {
    delete reference;
  } else {
    reference->wraps->wrapped = nullptr;
    reference->unwrapped();
    reference->forget();
  }
  return env->ok();
}

napi_status napi_type_tag_object(napi_env env, napi_value object, const napi_type_tag* tag) {
  if (const auto status = enter(env, object, tag); status != napi_ok) return status;
  if (tsrun::engine::is_external(env, value_of(object))) {
    bool* tagged = nullptr;
    napi_type_tag* place = tsrun::engine::external_tag(env, value_of(object), &tagged);
    if (*tagged) return env->fail(napi_invalid_arg);
    *place = *tag;
    *tagged = true;
    return env->ok();
  }
  napi_status status = napi_ok;
  const Local target(env->context, tsrun::engine::to_object(env, object, &status));
  if (target.failed()) return status;
  Companion* companion = Companion::get(env, target.get());
  if (companion == nullptr) return env->caught(napi_generic_failure);
  if (companion->tag) return env->fail(napi_invalid_arg);
  companion->tag = *tag;
  return env->ok();
}

napi_status napi_check_object_type_tag(napi_env env, napi_value object, const napi_type_tag* tag, bool* result) {
  if (const auto status = enter(env, object, tag, result); status != napi_ok) return status;
  const auto same = [&](const napi_type_tag& other) { return other.lower == tag->lower && other.upper == tag->upper; };
  if (tsrun::engine::is_external(env, value_of(object))) {
    bool* tagged = nullptr;
    const napi_type_tag* place = tsrun::engine::external_tag(env, value_of(object), &tagged);
    *result = *tagged && same(*place);
    return env->ok();
  }
  napi_status status = napi_ok;
  const Local target(env->context, tsrun::engine::to_object(env, object, &status));
  if (target.failed()) return status;
  const Companion* companion = Companion::find(env, target.get());
  *result = companion != nullptr && companion->tag && same(*companion->tag);
  return env->ok();
}
