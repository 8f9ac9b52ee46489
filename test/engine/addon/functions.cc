// Functions, classes, and the calls between both languages.
#include "addon.h"

namespace probe {
namespace {

// What a function is told of its call.
napi_value reflect(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value target = nullptr;
  must(napi_get_new_target(env, info, &target), "new target");
  size_t four = 4;
  napi_value first[4];
  must(napi_get_cb_info(env, info, &four, first, nullptr, nullptr), "cb info");
  return object(env, {{"self", call.self},
                      {"target", target},
                      {"count", number(env, static_cast<double>(four))},
                      {"arguments", list(env, call.arguments)},
                      {"first", list(env, {first[0], first[1], first[2], first[3]})}});
}

napi_value keep_self(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value target = nullptr;
  must(napi_get_new_target(env, info, &target), "new target");
  if (target != nullptr) must(napi_set_named_property(env, call.self, "constructed", boolean(env, true)), "set");
  // a construction gives its object whatever else is returned, but for an object
  return is_undefined(env, call[0]) ? nullptr : call[0];
}

napi_value nothing(napi_env /*env*/, napi_callback_info /*info*/) { return nullptr; }

// apply(self, function, [arguments]): the value, or the status and what was thrown.
napi_value apply(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  uint32_t count = 0;
  must(napi_get_array_length(env, call[2], &count), "length");
  std::vector<napi_value> arguments(count);
  for (uint32_t at = 0; at < count; at++) must(napi_get_element(env, call[2], at, &arguments[at]), "element");
  napi_value result = nullptr;
  const napi_status status = napi_call_function(env, call[0], call[1], count, arguments.data(), &result);
  napi_value error = nullptr;
  bool pending = false;
  must(napi_is_exception_pending(env, &pending), "pending");
  if (pending) must(napi_get_and_clear_last_exception(env, &error), "exception");
  return object(env, {{"status", number(env, status)}, {"value", result}, {"error", error}});
}

napi_value construct(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value argument = call[1];
  napi_value result = nullptr;
  const napi_status status = napi_new_instance(env, call[0], 1, &argument, &result);
  napi_value error = nullptr;
  bool pending = false;
  must(napi_is_exception_pending(env, &pending), "pending");
  if (pending) must(napi_get_and_clear_last_exception(env, &error), "exception");
  return object(env, {{"status", number(env, status)}, {"value", result}, {"error", error}});
}

napi_value instance_of(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  bool is = false;
  const napi_status status = napi_instanceof(env, call[0], call[1], &is);
  napi_value error = nullptr;
  bool pending = false;
  must(napi_is_exception_pending(env, &pending), "pending");
  if (pending) must(napi_get_and_clear_last_exception(env, &error), "exception");
  return object(env, {{"status", number(env, status)}, {"value", boolean(env, is)}, {"error", error}});
}

napi_value get_it(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value result = nullptr;
  must(napi_get_named_property(env, call.self, "it", &result), "get");
  return result;
}

napi_value set_it(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  must(napi_set_named_property(env, call.self, "it", call[0]), "set");
  return nullptr;
}

// A class with one of everything; its constructor keeps its argument as `it`.
napi_value make_class(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const auto method = napi_default_method;
  const auto own = static_cast<napi_property_attributes>(napi_static | napi_enumerable);
  const napi_property_descriptor properties[] = {
      {"get", nullptr, get_it, nullptr, nullptr, nullptr, method, nullptr},
      {"accessor", nullptr, nullptr, get_it, set_it, nullptr, napi_enumerable, nullptr},
      {"readonly", nullptr, nullptr, get_it, nullptr, nullptr, napi_default, nullptr},
      {"constant", nullptr, nullptr, nullptr, nullptr, number(env, 42), napi_enumerable, nullptr},
      {nullptr, call[1], get_it, nullptr, nullptr, nullptr, method, nullptr},
      {"make", nullptr, reflect, nullptr, nullptr, nullptr, own, nullptr},
      {"limit", nullptr, nullptr, nullptr, nullptr, number(env, 9), own, nullptr}};
  napi_value result = nullptr;
  must(napi_define_class(env, "Probe", NAPI_AUTO_LENGTH, set_it, nullptr, std::size(properties), properties, &result), "class");
  return result;
}

// A function that was named by a part of a text.
napi_value make_function(napi_env env, napi_callback_info /*info*/) {
  napi_value part = nullptr;
  napi_value nameless = nullptr;
  must(napi_create_function(env, "h\xc3\xa4lfte und mehr", 7, nothing, nullptr, &part), "function");
  must(napi_create_function(env, nullptr, 0, nothing, nullptr, &nameless), "function");
  return list(env, {part, nameless});
}

}  // namespace

void add_functions(napi_env env, napi_value exports) {
  add(env, exports, "reflect", reflect);
  add(env, exports, "keepSelf", keep_self);
  add(env, exports, "nothing", nothing);
  add(env, exports, "apply", apply);
  add(env, exports, "construct", construct);
  add(env, exports, "instanceOf", instance_of);
  add(env, exports, "makeClass", make_class);
  add(env, exports, "makeFunction", make_function);
}

}  // namespace probe
