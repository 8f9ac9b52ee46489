// Objects and arrays: properties by value, by name and by index.
#include <cstring>

#include "engine/env.h"

using tsrun::engine::check;
using tsrun::engine::enter;
using tsrun::engine::Key;
using tsrun::engine::Local;
using tsrun::engine::to_object;
using tsrun::engine::value_of;

namespace {

JSAtom key_of(napi_env env, napi_value key) { return JS_ValueToAtom(env->context, value_of(key)); }
JSAtom key_of(napi_env env, uint32_t index) { return JS_NewAtomUInt32(env->context, index); }
JSAtom key_of(napi_env env, const char* name) { return tsrun::engine::utf8_key(env->context, name); }

// The object, then the key, then `use` on both. What throws is pending, as Node answers
// since 24 (napi_generic_failure before).
template <class Name, class Use>
napi_status with(napi_env env, napi_value object, Name name, Use use) {
  napi_status status = napi_ok;
  const Local target(env->context, to_object(env, object, &status));
  if (target.failed()) return status;
  const Key key(env->context, key_of(env, name));
  if (key.failed()) return env->caught();
  return use(target.get(), key.get());
}

template <class Name>
napi_status get(napi_env env, napi_value object, Name name, napi_value* result) {
  return with(env, object, name,
              [&](JSValueConst target, JSAtom key) { return env->give(JS_GetProperty(env->context, target, key), result); });
}

// As in sloppy mode: what cannot be written is left as it is. The key is taken over.
napi_status set(napi_env env, napi_value object, JSValue key, napi_value value) {
  Local name(env->context, key);
  napi_status status = napi_ok;
  const Local target(env->context, to_object(env, object, &status));
  if (target.failed()) return status;
  if (name.failed()) return env->caught();
  const int done = JS_SetPropertyValue(env->context, target.get(), name.take(), JS_DupValue(env->context, value_of(value)), 0);
  return done < 0 ? env->caught() : env->ok();
}

template <class Name>
napi_status has(napi_env env, napi_value object, Name name, bool* result) {
  return with(env, object, name, [&](JSValueConst target, JSAtom key) {
    const int is = JS_HasProperty(env->context, target, key);
    if (is < 0) return env->caught();
    *result = is != 0;
    return env->ok();
  });
}

template <class Name>
napi_status remove(napi_env env, napi_value object, Name name, bool* result) {
  return with(env, object, name, [&](JSValueConst target, JSAtom key) {
    const int done = JS_DeleteProperty(env->context, target, key, 0);
    if (done < 0) return env->caught();
    if (result != nullptr) *result = done != 0;
    return env->ok();
  });
}

}  // namespace

napi_status napi_create_object(napi_env env, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_NewObject(env->context), result);
}

napi_status napi_create_array(napi_env env, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_NewArray(env->context), result);
}

napi_status napi_create_array_with_length(napi_env env, size_t length, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  Local array(env->context, JS_NewArray(env->context));
  // V8 takes an int, and makes an empty one of what is none
  const int64_t usable = length > INT_MAX ? 0 : static_cast<int64_t>(length);
  if (array.failed() || JS_SetLength(env->context, array.get(), usable) < 0) return env->caught();
  return env->give(array.take(), result);
}

napi_status napi_is_array(napi_env env, napi_value value, bool* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  *result = JS_IsArray(value_of(value));
  return env->ok();
}

napi_status napi_get_array_length(napi_env env, napi_value value, uint32_t* result) {
  if (const auto status = enter(env, value, result); status != napi_ok) return status;
  if (!JS_IsArray(value_of(value))) return env->fail(napi_array_expected);
  int64_t length = 0;
  if (JS_GetLength(env->context, value_of(value), &length) < 0) return env->caught();
  *result = static_cast<uint32_t>(length);
  return env->ok();
}

napi_status napi_get_prototype(napi_env env, napi_value object, napi_value* result) {
  if (const auto status = enter(env, object, result); status != napi_ok) return status;
  napi_status status = napi_ok;
  const Local target(env->context, to_object(env, object, &status));
  return target.failed() ? status : env->give(JS_GetPrototype(env->context, target.get()), result);
}

napi_status napi_get_property(napi_env env, napi_value object, napi_value key, napi_value* result) {
  if (const auto status = enter(env, object, key, result); status != napi_ok) return status;
  return get(env, object, key, result);
}

napi_status napi_set_property(napi_env env, napi_value object, napi_value key, napi_value value) {
  if (const auto status = enter(env, object, key, value); status != napi_ok) return status;
  return set(env, object, JS_DupValue(env->context, value_of(key)), value);
}

napi_status napi_has_property(napi_env env, napi_value object, napi_value key, bool* result) {
  if (const auto status = enter(env, object, key, result); status != napi_ok) return status;
  return has(env, object, key, result);
}

napi_status napi_delete_property(napi_env env, napi_value object, napi_value key, bool* result) {
  if (const auto status = enter(env, object, key); status != napi_ok) return status;
  return remove(env, object, key, result);
}

napi_status napi_has_own_property(napi_env env, napi_value object, napi_value key, bool* result) {
  if (const auto status = enter(env, object, key, result); status != napi_ok) return status;
  napi_status status = napi_ok;
  const Local target(env->context, to_object(env, object, &status));
  if (target.failed()) return status;
  if (!JS_IsString(value_of(key)) && !JS_IsSymbol(value_of(key))) return env->fail(napi_name_expected);
  const Key name(env->context, key_of(env, key));
  const int is = name.failed() ? -1 : JS_GetOwnProperty(env->context, nullptr, target.get(), name.get());
  if (is < 0) return env->caught();
  *result = is != 0;
  return env->ok();
}

napi_status napi_get_named_property(napi_env env, napi_value object, const char* name, napi_value* result) {
  if (const auto status = enter(env, object, name, result); status != napi_ok) return status;
  return get(env, object, name, result);
}

napi_status napi_set_named_property(napi_env env, napi_value object, const char* name, napi_value value) {
  if (const auto status = enter(env, object, name, value); status != napi_ok) return status;
  return set(env, object, tsrun::engine::utf8_name(env->context, name), value);
}

napi_status napi_has_named_property(napi_env env, napi_value object, const char* name, bool* result) {
  if (const auto status = enter(env, object, name, result); status != napi_ok) return status;
  return has(env, object, name, result);
}

napi_status napi_get_element(napi_env env, napi_value object, uint32_t index, napi_value* result) {
  if (const auto status = enter(env, object, result); status != napi_ok) return status;
  return get(env, object, index, result);
}

napi_status napi_set_element(napi_env env, napi_value object, uint32_t index, napi_value value) {
  if (const auto status = enter(env, object, value); status != napi_ok) return status;
  return set(env, object, JS_NewUint32(env->context, index), value);
}

napi_status napi_has_element(napi_env env, napi_value object, uint32_t index, bool* result) {
  if (const auto status = enter(env, object, result); status != napi_ok) return status;
  return has(env, object, index, result);
}

napi_status napi_delete_element(napi_env env, napi_value object, uint32_t index, bool* result) {
  if (const auto status = enter(env, object); status != napi_ok) return status;
  return remove(env, object, index, result);
}

napi_status napi_object_freeze(napi_env env, napi_value object) {
  if (const auto status = enter(env, object); status != napi_ok) return status;
  napi_status status = napi_ok;
  const Local target(env->context, to_object(env, object, &status));
  if (target.failed()) return status;
  return JS_FreezeObject(env->context, target.get()) < 0 ? env->caught() : env->ok();
}

napi_status napi_object_seal(napi_env env, napi_value object) {
  if (const auto status = enter(env, object); status != napi_ok) return status;
  napi_status status = napi_ok;
  const Local target(env->context, to_object(env, object, &status));
  if (target.failed()) return status;
  return JS_SealObject(env->context, target.get()) < 0 ? env->caught() : env->ok();
}
