// Handle scopes, plain and escapable.
#include "addon.h"

namespace probe {
namespace {

napi_value escape(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_escapable_handle_scope scope = nullptr;
  must(napi_open_escapable_handle_scope(env, &scope), "open");
  napi_value inner = object(env, {{"inner", call[0]}});
  napi_value outer = nullptr;
  napi_value twice = nullptr;
  const napi_status first = napi_escape_handle(env, scope, inner, &outer);
  const napi_status second = napi_escape_handle(env, scope, inner, &twice);
  must(napi_close_escapable_handle_scope(env, scope), "close");
  return list(env, {number(env, first), number(env, second), outer});
}

// deep(count): so many handles in so many scopes, inside each other and one after the other; the sum of what was in them.
napi_value deep(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const uint32_t count = unsigned_of(env, call[0]);
  std::vector<napi_handle_scope> scopes(count);
  std::vector<napi_value> values(count);
  for (uint32_t at = 0; at < count; at++) {
    must(napi_open_handle_scope(env, &scopes[at]), "open");
    values[at] = number(env, at);
  }
  double sum = 0;
  for (uint32_t at = count; at-- > 0;) {
    double value = 0;
    must(napi_get_value_double(env, values[at], &value), "value");
    sum += value;
    must(napi_close_handle_scope(env, scopes[at]), "close");
  }
  for (uint32_t at = 0; at < count; at++) {
    napi_handle_scope scope = nullptr;
    must(napi_open_handle_scope(env, &scope), "open");
    for (int more = 0; more < 3; more++) object(env, {{"more", number(env, at)}});
    must(napi_close_handle_scope(env, scope), "close");
  }
  return number(env, sum);
}

// A handle that was there before a scope survives it, and so do all of a call that makes many.
napi_value many(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const uint32_t count = unsigned_of(env, call[0]);
  std::vector<napi_value> values;
  for (uint32_t at = 0; at < count; at++) values.push_back(object(env, {{"at", number(env, at)}}));
  return list(env, values);
}

}  // namespace

void add_scopes(napi_env env, napi_value exports) {
  add(env, exports, "escape", escape);
  add(env, exports, "deep", deep);
  add(env, exports, "many", many);
}

}  // namespace probe
