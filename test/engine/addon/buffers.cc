// ArrayBuffers and their views.
#include <cstdlib>
#include <cstring>

#include "addon.h"

namespace probe {
namespace {

int given_back = 0;

napi_value buffer(napi_env env, napi_callback_info info) {
  const size_t size = unsigned_of(env, Call(env, info)[0]);
  void* data = nullptr;
  napi_value result = nullptr;
  must(napi_create_arraybuffer(env, size, &data, &result), "buffer");
  for (size_t at = 0; at < size; at++) {
    if (static_cast<uint8_t*>(data)[at] != 0) abort();
    static_cast<uint8_t*>(data)[at] = static_cast<uint8_t>(at);
  }
  return result;
}

napi_value lent(napi_env env, napi_callback_info /*info*/) {
  auto* data = static_cast<uint8_t*>(malloc(8));
  memcpy(data, "external", 8);
  napi_value result = nullptr;
  const auto give_back = [](napi_env, void* memory, void* hint) {
    free(memory);
    given_back += *static_cast<int*>(hint);
  };
  static int one = 1;
  must(napi_create_external_arraybuffer(env, data, 8, give_back, &one, &result), "external");
  return result;
}

napi_value returned(napi_env env, napi_callback_info /*info*/) { return number(env, given_back); }

// typed(kind, length, buffer, offset): the array, or the status and what was thrown
napi_value typed(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value result = nullptr;
  const napi_status status = napi_create_typedarray(env, static_cast<napi_typedarray_type>(unsigned_of(env, call[0])),
                                                    unsigned_of(env, call[1]), call[2], unsigned_of(env, call[3]), &result);
  napi_value error = nullptr;
  bool pending = false;
  must(napi_is_exception_pending(env, &pending), "pending");
  if (pending) must(napi_get_and_clear_last_exception(env, &error), "exception");
  return status == napi_ok ? result : object(env, {{"status", number(env, status)}, {"error", error}});
}

napi_value typed_info(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  size_t offset = 0;
  void* data = nullptr;
  napi_value arraybuffer = nullptr;
  must(napi_get_typedarray_info(env, call[0], &type, &length, &data, &arraybuffer, &offset), "info");
  void* base = nullptr;
  must(napi_get_arraybuffer_info(env, arraybuffer, &base, nullptr), "buffer");
  const bool consistent = data == nullptr || data == static_cast<uint8_t*>(base) + offset;
  return list(env, {number(env, type), number(env, static_cast<double>(length)), arraybuffer, number(env, static_cast<double>(offset)),
                    boolean(env, consistent)});
}

napi_value view(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value result = nullptr;
  const napi_status status = napi_create_dataview(env, unsigned_of(env, call[0]), call[1], unsigned_of(env, call[2]), &result);
  napi_value error = nullptr;
  bool pending = false;
  must(napi_is_exception_pending(env, &pending), "pending");
  if (pending) must(napi_get_and_clear_last_exception(env, &error), "exception");
  return status == napi_ok ? result : object(env, {{"status", number(env, status)}, {"error", error}});
}

napi_value view_info(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  size_t length = 0;
  size_t offset = 0;
  void* data = nullptr;
  napi_value arraybuffer = nullptr;
  must(napi_get_dataview_info(env, call[0], &length, &data, &arraybuffer, &offset), "info");
  return list(env, {number(env, static_cast<double>(length)), arraybuffer, number(env, static_cast<double>(offset)),
                    number(env, length > 0 ? *static_cast<uint8_t*>(data) : -1)});
}

napi_value detach(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  must(napi_detach_arraybuffer(env, call[0]), "detach");
  bool is = false;
  must(napi_is_detached_arraybuffer(env, call[0], &is), "is detached");
  size_t size = 99;
  void* data = nullptr;
  must(napi_get_arraybuffer_info(env, call[0], &data, &size), "info");
  return list(env, {boolean(env, is), number(env, static_cast<double>(size)), boolean(env, data == nullptr)});
}

napi_value is(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  std::vector<napi_value> answers;
  for (const auto ask : {napi_is_arraybuffer, napi_is_typedarray, napi_is_dataview, napi_is_detached_arraybuffer, napi_is_date,
                         napi_is_promise, napi_is_array, napi_is_error}) {
    bool answer = false;
    must(ask(env, call[0], &answer), "is");
    answers.push_back(boolean(env, answer));
  }
  return list(env, answers);
}

}  // namespace

void add_buffers(napi_env env, napi_value exports) {
  add(env, exports, "buffer", buffer);
  add(env, exports, "lent", lent);
  add(env, exports, "returned", returned);
  add(env, exports, "typed", typed);
  add(env, exports, "typedInfo", typed_info);
  add(env, exports, "view", view);
  add(env, exports, "viewInfo", view_info);
  add(env, exports, "detach", detach);
  add(env, exports, "is", is);
}

}  // namespace probe
