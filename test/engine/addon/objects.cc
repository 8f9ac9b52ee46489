// Properties: by key, by descriptor, and their names.
#include "addon.h"

namespace probe {
namespace {

// A status, whether an exception is pending after it, which is then cleared, and a value.
napi_value told(napi_env env, napi_status status, napi_value value) {
  bool pending = false;
  must(napi_is_exception_pending(env, &pending), "pending");
  napi_value error = nullptr;
  if (pending) must(napi_get_and_clear_last_exception(env, &error), "exception");
  return object(env, {{"status", number(env, status)}, {"value", value}, {"error", error}});
}

napi_value get(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value value = nullptr;
  const napi_status status = napi_get_property(env, call[0], call[1], &value);
  return told(env, status, value);
}

napi_value set(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return told(env, napi_set_property(env, call[0], call[1], call[2]), nullptr);
}

napi_value has(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  bool is = false;
  const napi_status status = napi_has_property(env, call[0], call[1], &is);
  return told(env, status, boolean(env, is));
}

napi_value has_own(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  bool is = false;
  const napi_status status = napi_has_own_property(env, call[0], call[1], &is);
  return told(env, status, boolean(env, is));
}

napi_value remove(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  bool done = false;
  const napi_status status = napi_delete_property(env, call[0], call[1], &done);
  return told(env, status, boolean(env, done));
}

napi_value elements(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  bool first = false;
  bool last = false;
  bool removed = false;
  napi_value value = nullptr;
  must(napi_set_element(env, call[0], 4294967294U, number(env, 7)), "set");
  must(napi_get_element(env, call[0], 4294967294U, &value), "get");
  must(napi_has_element(env, call[0], 0, &first), "has");
  must(napi_has_element(env, call[0], 4294967294U, &last), "has");
  must(napi_delete_element(env, call[0], 0, &removed), "delete");
  uint32_t length = 0;
  must(napi_get_array_length(env, call[0], &length), "length");
  return list(env, {value, boolean(env, first), boolean(env, last), boolean(env, removed), number(env, length)});
}

// Names that are no ASCII, and one with what is no UTF-8.
napi_value named(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  bool has = false;
  napi_value value = nullptr;
  must(napi_set_named_property(env, call[0], "caf\xc3\xa9", number(env, 1)), "set");
  must(napi_set_named_property(env, call[0], "\xe2\x82\xac", number(env, 2)), "set");
  must(napi_set_named_property(env, call[0], "\xff", number(env, 3)), "set");
  must(napi_has_named_property(env, call[0], "caf\xc3\xa9", &has), "has");
  must(napi_get_named_property(env, call[0], "\xe2\x82\xac", &value), "get");
  return list(env, {boolean(env, has), value});
}

napi_value answer(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return object(env, {{"self", call.self}, {"data", number(env, static_cast<double>(reinterpret_cast<uintptr_t>(call.data)))}});
}

napi_value change(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  must(napi_set_named_property(env, call.self, "changed", call[0]), "set");
  return nullptr;
}

// define(object): properties of every kind; the status.
napi_value define(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  auto* data = reinterpret_cast<void*>(uintptr_t{5});
  napi_value symbol = call[1];
  const auto all = static_cast<napi_property_attributes>(napi_writable | napi_enumerable | napi_configurable);
  const napi_property_descriptor properties[] = {
      {"value", nullptr, nullptr, nullptr, nullptr, number(env, 1), napi_default, nullptr},
      {"writable", nullptr, nullptr, nullptr, nullptr, number(env, 2), napi_writable, nullptr},
      {"enumerable", nullptr, nullptr, nullptr, nullptr, number(env, 3), napi_enumerable, nullptr},
      {"all", nullptr, nullptr, nullptr, nullptr, number(env, 4), all, nullptr},
      {"method", nullptr, answer, nullptr, nullptr, nullptr, napi_default_method, data},
      {"getter", nullptr, nullptr, answer, nullptr, nullptr, napi_enumerable, data},
      {"setter", nullptr, nullptr, nullptr, change, nullptr, napi_configurable, data},
      {"both", nullptr, nullptr, answer, change, nullptr, napi_default, data},
      {nullptr, symbol, nullptr, nullptr, nullptr, number(env, 6), all, nullptr}};
  return told(env, napi_define_properties(env, call[0], std::size(properties), properties), nullptr);
}

// define one property whose name is the second argument
napi_value define_one(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const napi_property_descriptor property = {nullptr, call[1], nullptr, nullptr, nullptr, call[2], napi_default, nullptr};
  return told(env, napi_define_properties(env, call[0], 1, &property), nullptr);
}

// names(object, own, filter, keepNumbers)
napi_value names(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  bool own = false;
  bool keep = false;
  must(napi_get_value_bool(env, call[1], &own), "own");
  must(napi_get_value_bool(env, call[3], &keep), "keep");
  napi_value result = nullptr;
  const napi_status status = napi_get_all_property_names(env, call[0], own ? napi_key_own_only : napi_key_include_prototypes,
                                                         static_cast<napi_key_filter>(unsigned_of(env, call[2])),
                                                         keep ? napi_key_keep_numbers : napi_key_numbers_to_strings, &result);
  return told(env, status, result);
}

napi_value simple_names(napi_env env, napi_callback_info info) {
  napi_value result = nullptr;
  const napi_status status = napi_get_property_names(env, Call(env, info)[0], &result);
  return told(env, status, result);
}

napi_value freeze(napi_env env, napi_callback_info info) { return told(env, napi_object_freeze(env, Call(env, info)[0]), nullptr); }
napi_value seal(napi_env env, napi_callback_info info) { return told(env, napi_object_seal(env, Call(env, info)[0]), nullptr); }

napi_value arrays(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value made = nullptr;
  must(napi_create_array_with_length(env, 3, &made), "array");
  bool is = false;
  must(napi_is_array(env, call[0], &is), "is");
  napi_value prototype = nullptr;
  must(napi_get_prototype(env, call[0], &prototype), "prototype");
  return list(env, {made, boolean(env, is), prototype});
}

}  // namespace

void add_objects(napi_env env, napi_value exports) {
  add(env, exports, "get", get);
  add(env, exports, "set", set);
  add(env, exports, "has", has);
  add(env, exports, "hasOwn", has_own);
  add(env, exports, "remove", remove);
  add(env, exports, "elements", elements);
  add(env, exports, "named", named);
  add(env, exports, "define", define);
  add(env, exports, "defineOne", define_one);
  add(env, exports, "names", names);
  add(env, exports, "simpleNames", simple_names);
  add(env, exports, "freeze", freeze);
  add(env, exports, "seal", seal);
  add(env, exports, "arrays", arrays);
}

}  // namespace probe
