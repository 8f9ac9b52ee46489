#include "addon.h"

#include <cstdio>
#include <cstdlib>

namespace probe {

Call::Call(napi_env its_env, napi_callback_info info) : env(its_env) {
  size_t count = 0;
  must(napi_get_cb_info(env, info, &count, nullptr, &self, &data), "napi_get_cb_info");
  arguments.resize(count);
  if (count > 0) must(napi_get_cb_info(env, info, &count, arguments.data(), nullptr, nullptr), "napi_get_cb_info");
  must(napi_get_undefined(env, &undefined), "napi_get_undefined");
}

void must(napi_status status, const char* what) {
  if (status == napi_ok) return;
  fprintf(stderr, "probe: %s: status %d\n", what, status);
  abort();
}

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  must(napi_create_double(env, value, &result), "napi_create_double");
  return result;
}

napi_value boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  must(napi_get_boolean(env, value, &result), "napi_get_boolean");
  return result;
}

napi_value text(napi_env env, const char* value) {
  napi_value result = nullptr;
  if (value == nullptr) {
    must(napi_get_null(env, &result), "napi_get_null");
  } else {
    must(napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result), "napi_create_string_utf8");
  }
  return result;
}

napi_value object(napi_env env, std::initializer_list<std::pair<const char*, napi_value>> properties) {
  napi_value result = nullptr;
  must(napi_create_object(env, &result), "napi_create_object");
  for (const auto& [name, value] : properties) {
    if (value != nullptr) must(napi_set_named_property(env, result, name, value), "napi_set_named_property");
  }
  return result;
}

napi_value list(napi_env env, const std::vector<napi_value>& values) {
  napi_value result = nullptr;
  must(napi_create_array(env, &result), "napi_create_array");
  for (size_t at = 0; at < values.size(); at++)
    must(napi_set_element(env, result, static_cast<uint32_t>(at), values[at]), "napi_set_element");
  return result;
}

uint32_t unsigned_of(napi_env env, napi_value value) {
  uint32_t result = 0;
  must(napi_get_value_uint32(env, value, &result), "napi_get_value_uint32");
  return result;
}

bool is_undefined(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  must(napi_typeof(env, value, &type), "napi_typeof");
  return type == napi_undefined;
}

Bytes bytes_of(napi_env env, napi_value value) {
  Bytes bytes;
  must(napi_get_typedarray_info(env, value, nullptr, &bytes.length, &bytes.data, nullptr, nullptr), "napi_get_typedarray_info");
  return bytes;
}

void add(napi_env env, napi_value exports, const char* name, napi_callback call, void* data) {
  napi_value function = nullptr;
  must(napi_create_function(env, name, NAPI_AUTO_LENGTH, call, data, &function), "napi_create_function");
  must(napi_set_named_property(env, exports, name, function), "napi_set_named_property");
}

}  // namespace probe

NAPI_MODULE_INIT() {
  using namespace probe;
  add_arguments(env, exports);
  add_buffers(env, exports);
  add_errors(env, exports);
  add_functions(env, exports);
  add_numbers(env, exports);
  add_objects(env, exports);
  add_references(env, exports);
  add_scopes(env, exports);
  add_strings(env, exports);
  return exports;
}
