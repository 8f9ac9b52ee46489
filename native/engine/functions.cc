#include "engine/functions.h"

#include <algorithm>
#include <new>

#include "engine/companions.h"

namespace tsrun::engine {
namespace {

Callback* callback_of(JSValueConst function) {
  JSClassID id = JS_INVALID_CLASS_ID;
  return static_cast<Callback*>(JS_GetAnyOpaque(function, &id));
}

void collected(JSRuntime* /*runtime*/, JSValueConst function) {
  Callback* callback = callback_of(function);
  if (callback == nullptr) return;
  delete callback->companion;
  callback->env->release();
  delete callback;
}

// Every function can be constructed, so each has a prototype, which most are never asked for: it is made when it is.
int own_property(JSContext* context, JSPropertyDescriptor* property, JSValueConst function, JSAtom name) {
  const Callback* callback = callback_of(function);
  if (callback == nullptr || callback->env->closed || name != callback->env->atom_prototype) return 0;
  JSValue prototype = JS_NewObject(context);
  if (JS_IsException(prototype)) return -1;
  const int hidden = JS_PROP_CONFIGURABLE | JS_PROP_WRITABLE;
  if (JS_DefinePropertyValue(context, prototype, callback->env->atom_constructor, JS_DupValue(context, function), hidden) < 0 ||
      JS_DefinePropertyValue(context, function, name, JS_DupValue(context, prototype), JS_PROP_WRITABLE) < 0) {
    JS_FreeValue(context, prototype);
    return -1;
  }
  if (property == nullptr) {
    JS_FreeValue(context, prototype);
  } else {
    *property = {JS_PROP_WRITABLE, prototype, JS_UNDEFINED, JS_UNDEFINED};
  }
  return 1;
}

// What instances of a class have for a pointer: never used as one, and never another class's, unlike an address.
void* mark_of(uintptr_t identity) { return reinterpret_cast<void*>(identity); }  // NOLINT(performance-no-int-to-ptr)

// An object for a constructor to fill, of the prototype that `new_target` has.
JSValue new_instance(JSContext* context, const Callback& callback, JSValueConst new_target) {
  const Local prototype(context, JS_GetProperty(context, new_target, callback.env->atom_prototype));
  if (prototype.failed()) return JS_EXCEPTION;
  if (callback.constructs == 0) {
    return JS_IsObject(prototype.get()) ? JS_NewObjectProto(context, prototype.get()) : JS_NewObject(context);
  }
  const Local usual(context, JS_GetClassProto(context, callback.env->instance_class));
  const JSValueConst chosen = JS_IsObject(prototype.get()) ? prototype.get() : usual.get();
  JSValue instance = JS_NewObjectProtoClass(context, chosen, callback.env->instance_class);
  if (!JS_IsException(instance)) JS_SetOpaque(instance, mark_of(callback.constructs));
  return instance;
}

JSValue invoke(JSContext* context, JSValueConst function, JSValueConst self, int count, JSValueConst* arguments, int flags) {
  const Callback callback = *callback_of(function);
  napi_env env = callback.env;
  if (env->closed) return JS_ThrowTypeError(context, "the addon of this function has ended");
  const bool construct = (flags & JS_CALL_FLAG_CONSTRUCTOR) != 0;
  if (callback.expects != 0 && JS_GetOpaque(self, env->instance_class) != mark_of(callback.expects)) {
    return JS_ThrowTypeError(context, "Illegal invocation");
  }
  const Local instance(context, construct ? new_instance(context, callback, self) : JS_UNDEFINED);
  if (instance.failed()) return JS_EXCEPTION;
  napi_callback_info__ info = {construct ? instance.get() : self, construct ? self : JS_UNDEFINED, count, arguments, callback.data};
  const Scope scope(env->handles);
  const int open_scopes = env->open_scopes;
  env->ok();
  napi_value given = nullptr;
  bool short_of_memory = false;
  // there are frames of C between here and whoever could catch it
  try {
    given = callback.call(env, &info);
  } catch (const std::bad_alloc&) {
    short_of_memory = true;
  }
  env->open_scopes = open_scopes;
  if (short_of_memory) {
    if (std::exchange(env->has_exception, false)) JS_FreeValue(context, std::exchange(env->exception, JS_UNDEFINED));
    return JS_ThrowOutOfMemory(context);
  }
  if (env->has_exception) {
    env->has_exception = false;
    return JS_Throw(context, std::exchange(env->exception, JS_UNDEFINED));
  }
  const bool usable = given != nullptr && (!construct || JS_IsObject(value_of(given)));
  return JS_DupValue(context, usable ? value_of(given) : instance.get());
}

}  // namespace

int add_function_classes(napi_env env) {
  // known to the program from the start, as all that the engine keeps the address of
  static constinit JSClassExoticMethods exotic = {own_property, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
  JSClassDef function = {};
  function.class_name = "Function";
  function.finalizer = collected;
  function.call = invoke;
  function.exotic = &exotic;
  JSClassDef instance = {};
  instance.class_name = "Object";
  JS_NewClassID(env->runtime, &env->function_class);
  JS_NewClassID(env->runtime, &env->instance_class);
  if (JS_NewClass(env->runtime, env->function_class, &function) < 0 || JS_NewClass(env->runtime, env->instance_class, &instance) < 0) {
    return -1;
  }
  const Local plain(env->context, JS_NewObject(env->context));
  JS_SetClassProto(env->context, env->function_class, JS_GetFunctionProto(env->context));
  JS_SetClassProto(env->context, env->instance_class, JS_GetPrototype(env->context, plain.get()));
  return 0;
}

Callback* callback_of(napi_env env, JSValueConst function) { return static_cast<Callback*>(JS_GetOpaque(function, env->function_class)); }

JSValue new_function(const Callback& callback, JSValueConst name) {
  JSContext* context = callback.env->context;
  JSValue function = JS_NewObjectClass(context, callback.env->function_class);
  if (JS_IsException(function)) return function;
  JS_SetOpaque(function, new Callback(callback));
  callback.env->holders++;
  JS_SetConstructorBit(context, function, true);
  if (JS_DefinePropertyValue(context, function, callback.env->atom_length, JS_NewInt32(context, 0), JS_PROP_CONFIGURABLE) < 0 ||
      JS_DefinePropertyValue(context, function, callback.env->atom_name, JS_DupValue(context, name), JS_PROP_CONFIGURABLE) < 0) {
    JS_FreeValue(context, function);
    return JS_EXCEPTION;
  }
  return function;
}

}  // namespace tsrun::engine

using tsrun::engine::check;
using tsrun::engine::enter;
using tsrun::engine::Local;
using tsrun::engine::value_of;

napi_status napi_create_function(napi_env env, const char* name, size_t length, napi_callback call, void* data, napi_value* result) {
  if (const auto status = enter(env, result, call); status != napi_ok) return status;
  if (name == nullptr) length = 0;
  if (length == NAPI_AUTO_LENGTH) length = strlen(name);
  if (length > INT_MAX) return env->fail(napi_invalid_arg);
  const Local text(env->context, tsrun::engine::utf8_string(env->context, name, length));
  if (text.failed()) return env->caught();
  return env->give(tsrun::engine::new_function({env, call, data}, text.get()), result);
}

// The values are copied: handles are slots here, and what is called wants an array.
static napi_status call_with(napi_env env, size_t count, const napi_value* arguments, auto&& call) {
  constexpr size_t kFew = 8;
  JSValue few[kFew];
  std::vector<JSValue> many;
  JSValue* values = few;
  if (count > INT_MAX) return env->fail(napi_invalid_arg);
  if (count > kFew) {
    many.resize(count);
    values = many.data();
  }
  for (size_t at = 0; at < count; at++) {
    if (arguments[at] == nullptr) return env->fail(napi_invalid_arg);
    values[at] = value_of(arguments[at]);
  }
  return call(static_cast<int>(count), values);
}

napi_status napi_call_function(napi_env env, napi_value self, napi_value function, size_t count, const napi_value* arguments,
                               napi_value* result) {
  if (const auto status = enter(env, self, function); status != napi_ok) return status;
  if (count > 0 && arguments == nullptr) return env->fail(napi_invalid_arg);
  if (!JS_IsFunction(env->context, value_of(function))) return env->fail(napi_invalid_arg);
  return call_with(env, count, arguments, [&](int given, JSValue* values) {
    JSValue returned = JS_Call(env->context, value_of(function), value_of(self), given, values);
    if (result != nullptr || JS_IsException(returned)) return env->give(returned, result);
    JS_FreeValue(env->context, returned);
    return env->ok();
  });
}

napi_status napi_new_instance(napi_env env, napi_value constructor, size_t count, const napi_value* arguments, napi_value* result) {
  if (const auto status = enter(env, constructor, result); status != napi_ok) return status;
  if (count > 0 && arguments == nullptr) return env->fail(napi_invalid_arg);
  if (!JS_IsFunction(env->context, value_of(constructor))) return env->fail(napi_invalid_arg);
  return call_with(env, count, arguments, [&](int given, JSValue* values) {
    return env->give(JS_CallConstructor(env->context, value_of(constructor), given, values), result);
  });
}

// `this` as a function of sloppy mode has it: never a primitive.
static JSValue receiver(napi_env env, JSValueConst self) {
  if (JS_IsObject(self)) return JS_DupValue(env->context, self);
  if (JS_IsUndefined(self) || JS_IsNull(self)) return JS_GetGlobalObject(env->context);
  return JS_ToObject(env->context, self);
}

napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t* count, napi_value* arguments, napi_value* self, void** data) {
  if (const auto status = check(env, info); status != napi_ok) return status;
  const auto there = static_cast<size_t>(info->count);
  if (arguments != nullptr) {
    if (count == nullptr) return env->fail(napi_invalid_arg);
    for (size_t at = 0; at < *count; at++) {
      arguments[at] = env->handles.push(at < there ? JS_DupValue(env->context, info->arguments[at]) : JS_UNDEFINED);
    }
  }
  if (count != nullptr) *count = there;
  if (data != nullptr) *data = info->data;
  if (self != nullptr) return env->give(receiver(env, info->self), self);
  return env->ok();
}

napi_status napi_get_new_target(napi_env env, napi_callback_info info, napi_value* result) {
  if (const auto status = check(env, info, result); status != napi_ok) return status;
  *result = JS_IsUndefined(info->new_target) ? nullptr : env->handles.push(JS_DupValue(env->context, info->new_target));
  return env->ok();
}
