// Properties by descriptors, of objects and of classes.
#include "engine/functions.h"

namespace tsrun::engine {
namespace {

// The name of a property: text, a symbol or a string.
napi_status key_of(napi_env env, const napi_property_descriptor& property, JSAtom* key) {
  if (property.utf8name != nullptr) {
    *key = utf8_key(env->context, property.utf8name);
  } else {
    if (property.name == nullptr) return env->fail(napi_invalid_arg);
    const JSValueConst name = value_of(property.name);
    if (!JS_IsString(name) && !JS_IsSymbol(name)) return env->fail(napi_name_expected);
    *key = JS_ValueToAtom(env->context, name);
  }
  return *key == JS_ATOM_NULL ? env->caught() : napi_ok;
}

// The function of a property, or JS_UNDEFINED without a callback.
JSValue function_of(napi_env env, napi_callback call, const napi_property_descriptor& property, JSValueConst name, uintptr_t expects) {
  return call == nullptr ? JS_UNDEFINED : new_function({env, call, property.data, 0, expects}, name);
}

// `name` is what its functions are called; `expects` the class that methods are called on.
napi_status define(napi_env env, JSValueConst object, JSAtom key, const napi_property_descriptor& property, JSValueConst name,
                   uintptr_t expects) {
  int flags = JS_PROP_HAS_CONFIGURABLE | JS_PROP_HAS_ENUMERABLE;
  if ((property.attributes & napi_enumerable) != 0) flags |= JS_PROP_ENUMERABLE;
  if ((property.attributes & napi_configurable) != 0) flags |= JS_PROP_CONFIGURABLE;
  JSContext* context = env->context;
  int defined = 0;
  if (property.getter != nullptr || property.setter != nullptr) {
    if (property.getter != nullptr) flags |= JS_PROP_HAS_GET;
    if (property.setter != nullptr) flags |= JS_PROP_HAS_SET;
    const Local getter(context, function_of(env, property.getter, property, name, 0));
    const Local setter(context, function_of(env, property.setter, property, name, 0));
    if (getter.failed() || setter.failed()) return env->caught();
    defined = JS_DefineProperty(context, object, key, JS_UNDEFINED, getter.get(), setter.get(), flags);
  } else {
    if (property.method == nullptr && property.value == nullptr) return env->fail(napi_invalid_arg);
    flags |= JS_PROP_HAS_VALUE | JS_PROP_HAS_WRITABLE;
    if ((property.attributes & napi_writable) != 0) flags |= JS_PROP_WRITABLE;
    const Local value(context, property.method != nullptr ? function_of(env, property.method, property, name, expects)
                                                          : JS_DupValue(context, value_of(property.value)));
    if (value.failed()) return env->caught();
    defined = JS_DefineProperty(context, object, key, value.get(), JS_UNDEFINED, JS_UNDEFINED, flags);
  }
  if (defined > 0) return napi_ok;
  if (defined < 0) return env->caught();
  return env->fail(property.method != nullptr && property.getter == nullptr && property.setter == nullptr ? napi_generic_failure
                                                                                                          : napi_invalid_arg);
}

// The properties of a class that are its own, or else those of its prototype, whose functions are named as they are.
napi_status define_all(napi_env env, JSValueConst object, size_t count, const napi_property_descriptor* properties, bool is_static,
                       uintptr_t expects) {
  for (size_t at = 0; at < count; at++) {
    const auto& property = properties[at];
    if (((property.attributes & napi_static) != 0) != is_static) continue;
    JSAtom atom = JS_ATOM_NULL;
    if (const auto status = key_of(env, property, &atom); status != napi_ok) return status;
    const Key key(env->context, atom);
    const Local name(env->context, is_static ? JS_NewString(env->context, "") : JS_AtomToValue(env->context, atom));
    const Local text(env->context, JS_IsSymbol(name.get()) ? JS_NewString(env->context, "") : JS_DupValue(env->context, name.get()));
    if (const auto status = define(env, object, atom, property, text.get(), expects); status != napi_ok) return status;
  }
  return napi_ok;
}

}  // namespace
}  // namespace tsrun::engine

using tsrun::engine::enter;
using tsrun::engine::Key;
using tsrun::engine::Local;
using tsrun::engine::value_of;

napi_status napi_define_properties(napi_env env, napi_value object, size_t count, const napi_property_descriptor* properties) {
  if (const auto status = enter(env, object); status != napi_ok) return status;
  if (count > 0 && properties == nullptr) return env->fail(napi_invalid_arg);
  napi_status status = napi_ok;
  const Local target(env->context, tsrun::engine::to_object(env, object, &status));
  if (target.failed()) return status;
  const Local nameless(env->context, JS_NewString(env->context, ""));
  for (size_t at = 0; at < count; at++) {
    JSAtom atom = JS_ATOM_NULL;
    if (status = tsrun::engine::key_of(env, properties[at], &atom); status != napi_ok) return status;
    const Key key(env->context, atom);
    if (status = tsrun::engine::define(env, target.get(), atom, properties[at], nameless.get(), 0); status != napi_ok) return status;
  }
  return env->ok();
}

napi_status napi_define_class(napi_env env, const char* name, size_t length, napi_callback constructor, void* data, size_t count,
                              const napi_property_descriptor* properties, napi_value* result) {
  if (const auto status = enter(env, result, constructor, name); status != napi_ok) return status;
  if (count > 0 && properties == nullptr) return env->fail(napi_invalid_arg);
  if (length == NAPI_AUTO_LENGTH) length = strlen(name);
  if (length > INT_MAX) return env->fail(napi_invalid_arg);
  JSContext* context = env->context;
  const uintptr_t identity = ++env->class_count;
  const Local text(context, tsrun::engine::utf8_string(context, name, length));
  if (text.failed()) return env->caught();
  Local made(context, tsrun::engine::new_function({env, constructor, data, identity, 0}, text.get()));
  if (made.failed()) return env->caught();
  const Local prototype(context, JS_GetProperty(context, made.get(), env->atom_prototype));
  if (prototype.failed()) return env->caught();
  for (const bool is_static : {false, true}) {
    const JSValueConst object = is_static ? made.get() : prototype.get();
    const auto status = tsrun::engine::define_all(env, object, count, properties, is_static, is_static ? 0 : identity);
    if (status != napi_ok) return status;
  }
  return env->give(made.take(), result);
}

napi_status napi_instanceof(napi_env env, napi_value object, napi_value constructor, bool* result) {
  if (const auto status = enter(env, object, constructor, result); status != napi_ok) return status;
  *result = false;
  napi_status status = napi_ok;
  const Local target(env->context, tsrun::engine::to_object(env, constructor, &status));
  if (target.failed()) return status;
  if (!JS_IsFunction(env->context, target.get())) {
    napi_throw_type_error(env, "ERR_NAPI_CONS_FUNCTION", "Constructor must be a function");
    return env->fail(napi_function_expected);
  }
  const int is = JS_IsInstanceOf(env->context, value_of(object), target.get());
  if (is < 0) return env->caught(napi_generic_failure);
  *result = is != 0;
  return env->ok();
}
