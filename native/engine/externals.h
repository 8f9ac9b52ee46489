// Values that are pointers of an addon's.
#pragma once

#include "engine/env.h"

namespace tsrun::engine {

int add_external_class(napi_env env);

// Whether a value is one.
bool is_external(napi_env env, JSValueConst value);

// The place of an external value's type tag.
napi_type_tag* external_tag(napi_env env, JSValueConst value, bool** tagged);

}  // namespace tsrun::engine
