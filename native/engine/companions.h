// What is known of an object beyond what JavaScript knows: who refers to it weakly, what it wraps, its type tag. A weak map leads from the
// object to it, so objects need no property for it: frozen ones and proxies have companions too. A function of an addon has its own at
// hand.
#pragma once

#include <optional>

#include "engine/env.h"

namespace tsrun::engine {

class Companion {
 public:
  // The companion of an object or a symbol; null when it has none, or with the exception in the context when it could not be asked.
  static Companion* find(napi_env env, JSValueConst object);
  // The same, made if there is none.
  static Companion* get(napi_env env, JSValueConst object);
  // Registers its class.
  static int add_class(napi_env env);

  // The object is gone: those who refer to it are told.
  ~Companion();

  void attach(napi_ref reference);

  napi_ref wrapped = nullptr;
  std::optional<napi_type_tag> tag;

 private:
  Companion() = default;
  struct End : Listed {};
  End references_;
};

}  // namespace tsrun::engine
