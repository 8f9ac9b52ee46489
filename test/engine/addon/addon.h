// The addon that tests of Node-API call, under Node and over native/engine: it makes calls as it is told and says what came of them.
// Nothing in it knows which host it has.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace probe {

// A call's arguments.
struct Call {
  Call(napi_env env, napi_callback_info info);
  // Argument `at`, undefined where there is none.
  [[nodiscard]] napi_value operator[](size_t at) const { return at < arguments.size() ? arguments[at] : undefined; }
  napi_env env;
  napi_value self = nullptr;
  napi_value undefined = nullptr;
  void* data = nullptr;
  std::vector<napi_value> arguments;
};

// Ends the program where a call that prepares a test fails.
void must(napi_status status, const char* what);

// Values for what is told; null for the null pointer.
napi_value number(napi_env env, double value);
napi_value boolean(napi_env env, bool value);
napi_value text(napi_env env, const char* value);
napi_value object(napi_env env, std::initializer_list<std::pair<const char*, napi_value>> properties);
napi_value list(napi_env env, const std::vector<napi_value>& values);

// Numbers that are given.
uint32_t unsigned_of(napi_env env, napi_value value);
bool is_undefined(napi_env env, napi_value value);

// The bytes or units of a typed array.
struct Bytes {
  void* data = nullptr;
  size_t length = 0;
};
Bytes bytes_of(napi_env env, napi_value value);

// Adds a function to the exports.
void add(napi_env env, napi_value exports, const char* name, napi_callback call, void* data = nullptr);

// What each file adds.
void add_arguments(napi_env env, napi_value exports);
void add_buffers(napi_env env, napi_value exports);
void add_errors(napi_env env, napi_value exports);
void add_functions(napi_env env, napi_value exports);
void add_numbers(napi_env env, napi_value exports);
void add_objects(napi_env env, napi_value exports);
void add_references(napi_env env, napi_value exports);
void add_scopes(napi_env env, napi_value exports);
void add_strings(napi_env env, napi_value exports);

}  // namespace probe
