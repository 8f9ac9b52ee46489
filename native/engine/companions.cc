#include "engine/companions.h"

#include "engine/functions.h"
#include "engine/references.h"

namespace tsrun::engine {
namespace {

void collected(JSRuntime* /*runtime*/, JSValueConst object) {
  JSClassID id = JS_INVALID_CLASS_ID;
  delete static_cast<Companion*>(JS_GetAnyOpaque(object, &id));
}

// The map and its functions are asked for once, before anybody needs them twice.
bool prepare(napi_env env) {
  auto& weak = env->weak;
  if (!JS_IsUndefined(weak.map)) return true;
  JSContext* context = env->context;
  const Local global(context, JS_GetGlobalObject(context));
  const Local constructor(context, JS_GetPropertyStr(context, global.get(), "WeakMap"));
  if (constructor.failed()) return false;
  Local map(context, JS_CallConstructor(context, constructor.get(), 0, nullptr));
  if (map.failed()) return false;
  Local get(context, JS_GetPropertyStr(context, map.get(), "get"));
  Local set(context, JS_GetPropertyStr(context, map.get(), "set"));
  if (get.failed() || set.failed()) return false;
  weak = {map.take(), get.take(), set.take()};
  return true;
}

}  // namespace

int Companion::add_class(napi_env env) {
  JS_NewClassID(env->runtime, &env->companion_class);
  JSClassDef definition = {};
  definition.class_name = "Companion";
  definition.finalizer = collected;
  return JS_NewClass(env->runtime, env->companion_class, &definition);
}

Companion* Companion::find(napi_env env, JSValueConst object) {
  if (const Callback* callback = callback_of(env, object)) return callback->companion;
  if (JS_IsUndefined(env->weak.map)) return nullptr;
  JSValue key = object;
  const Local found(env->context, JS_Call(env->context, env->weak.get, env->weak.map, 1, &key));
  return static_cast<Companion*>(JS_GetOpaque(found.get(), env->companion_class));
}

Companion* Companion::get(napi_env env, JSValueConst object) {
  if (Companion* found = find(env, object)) return found;
  if (Callback* callback = callback_of(env, object)) return callback->companion = new Companion;
  if (!prepare(env)) return nullptr;
  const Local held(env->context, JS_NewObjectProtoClass(env->context, JS_NULL, env->companion_class));
  if (held.failed()) return nullptr;
  auto* made = new Companion;
  JS_SetOpaque(held.get(), made);
  JSValue entry[] = {object, held.get()};
  const Local done(env->context, JS_Call(env->context, env->weak.set, env->weak.map, 2, entry));
  return done.failed() ? nullptr : made;
}

Companion::~Companion() {
  if (wrapped != nullptr) wrapped->unwrapped();
  while (references_.next() != &references_) static_cast<Attached*>(references_.next())->reference().collected();
}

void Companion::attach(napi_ref reference) { reference->attached.link_before(references_); }

}  // namespace tsrun::engine
