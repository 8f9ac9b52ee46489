// Functions of addons: objects of a class of their own, so that a call knows whether it is a construction.
#pragma once

#include "engine/env.h"

namespace tsrun::engine {

class Companion;

// The class of functions, and that of what classes of an addon construct.
int add_function_classes(napi_env env);

// What a function does when it is called.
struct Callback {
  napi_env env;
  napi_callback call;
  void* data;
  // The class whose instances it constructs, or which a method must be called on; none is zero.
  uintptr_t constructs = 0;
  uintptr_t expects = 0;
  // That of the function itself: addons attach to most of theirs what is freed with them, so the way to it is short.
  Companion* companion = nullptr;
};

// What a function does, null for what is no function of an addon's.
Callback* callback_of(napi_env env, JSValueConst function);

// A new function with that name, or JS_EXCEPTION.
JSValue new_function(const Callback& callback, JSValueConst name);

}  // namespace tsrun::engine

// A call in progress. Node-API's own name for it.
struct napi_callback_info__ {
  JSValueConst self;
  JSValueConst new_target;
  int count;
  JSValueConst* arguments;
  void* data;
};
