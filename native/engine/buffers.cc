// ArrayBuffers, typed arrays and DataViews.
#include <array>
#include <cstdlib>
#include <optional>

#include "engine/env.h"

namespace tsrun::engine {
namespace {

struct Kind {
  napi_typedarray_type type;
  JSTypedArrayEnum engine;
  size_t size;
  const char* name;
};

constexpr std::array<Kind, 11> kKinds = {{{napi_int8_array, JS_TYPED_ARRAY_INT8, 1, "Int8Array"},
                                          {napi_uint8_array, JS_TYPED_ARRAY_UINT8, 1, "Uint8Array"},
                                          {napi_uint8_clamped_array, JS_TYPED_ARRAY_UINT8C, 1, "Uint8ClampedArray"},
                                          {napi_int16_array, JS_TYPED_ARRAY_INT16, 2, "Int16Array"},
                                          {napi_uint16_array, JS_TYPED_ARRAY_UINT16, 2, "Uint16Array"},
                                          {napi_int32_array, JS_TYPED_ARRAY_INT32, 4, "Int32Array"},
                                          {napi_uint32_array, JS_TYPED_ARRAY_UINT32, 4, "Uint32Array"},
                                          {napi_float32_array, JS_TYPED_ARRAY_FLOAT32, 4, "Float32Array"},
                                          {napi_float64_array, JS_TYPED_ARRAY_FLOAT64, 8, "Float64Array"},
                                          {napi_bigint64_array, JS_TYPED_ARRAY_BIG_INT64, 8, "BigInt64Array"},
                                          {napi_biguint64_array, JS_TYPED_ARRAY_BIG_UINT64, 8, "BigUint64Array"}}};

struct Bytes {
  uint8_t* data;
  size_t size;
};

// The bytes of an ArrayBuffer; none of one that is detached.
Bytes bytes_of(JSContext* context, JSValueConst buffer) {
  size_t size = 0;
  uint8_t* data = JS_GetArrayBuffer(context, &size, buffer);
  if (data == nullptr && JS_HasException(context)) JS_FreeValue(context, JS_GetException(context));
  return {data, size};
}

// A number or an object that a view has as its own; the exception is dropped.
std::optional<uint64_t> number_of(JSContext* context, JSValueConst view, const char* name) {
  const Local value(context, JS_GetPropertyStr(context, view, name));
  int64_t number = 0;
  if (!value.failed() && JS_ToInt64(context, &number, value.get()) == 0) return static_cast<uint64_t>(number);
  JS_FreeValue(context, JS_GetException(context));
  return std::nullopt;
}

napi_status range_error(napi_env env, const char* code, const std::string& message, napi_status status) {
  napi_throw_range_error(env, code, message.c_str());
  return env->fail(status);
}

// What the parts of a view are, each where it is asked for.
napi_status view_parts(napi_env env, JSValueConst view, void** data, napi_value* arraybuffer, size_t* byte_offset) {
  JSContext* context = env->context;
  const uint64_t offset = number_of(context, view, "byteOffset").value_or(0);
  Local buffer(context, JS_GetPropertyStr(context, view, "buffer"));
  if (buffer.failed()) return env->caught();
  if (data != nullptr) {
    const Bytes bytes = bytes_of(context, buffer.get());
    *data = bytes.data == nullptr ? nullptr : bytes.data + offset;
  }
  if (byte_offset != nullptr) *byte_offset = offset;
  if (arraybuffer != nullptr) *arraybuffer = env->handles.push(buffer.take());
  return env->ok();
}

// Memory of the addon's behind an ArrayBuffer: given back when the buffer goes or is detached.
struct Lent final : Finalizer {
  Lent(napi_env its_env, napi_finalize callback, void* data, void* hint) : Finalizer(callback, data, hint), env(its_env) {}
  napi_env env;
  bool over = false;

 protected:
  // at the end of the environment the buffer still refers to this
  bool ends() override {
    if (over) return true;
    over = true;
    return false;
  }
};

void* give_back(JSRuntime* /*runtime*/, void* opaque, void* /*data*/, size_t size) {
  // it cannot be given another size
  if (size != 0) return nullptr;
  auto* lent = static_cast<Lent*>(opaque);
  napi_env env = lent->env;
  if (lent->over) {
    delete lent;
  } else {
    lent->over = true;
    env->finalizers.queue(*lent);
  }
  env->release();
  return nullptr;
}

}  // namespace
}  // namespace tsrun::engine

using tsrun::engine::bytes_of;
using tsrun::engine::check;
using tsrun::engine::enter;
using tsrun::engine::kKinds;
using tsrun::engine::Local;
using tsrun::engine::value_of;

napi_status napi_create_arraybuffer(napi_env env, size_t size, void** data, napi_value* result) {
  if (const auto status = enter(env, result); status != napi_ok) return status;
  JSContext* context = env->context;
  const Local global(context, JS_GetGlobalObject(context));
  const Local constructor(context, JS_GetPropertyStr(context, global.get(), "ArrayBuffer"));
  if (constructor.failed()) return env->caught();
  // by JavaScript's constructor: it alone makes one that is all zeros without a copy
  JSValue length = JS_NewNumber(context, static_cast<double>(size));
  Local buffer(context, JS_CallConstructor(context, constructor.get(), 1, &length));
  if (buffer.failed()) return env->caught();
  if (data != nullptr) *data = bytes_of(context, buffer.get()).data;
  return env->give(buffer.take(), result);
}

// As Node has it: without memory it is a detached one, and the callback is called all the same.
static napi_status create_detached(napi_env env, node_api_basic_finalize callback, void* hint, napi_value* result) {
  const JSValue buffer = JS_NewArrayBufferCopy(env->context, nullptr, 0);
  if (JS_IsException(buffer)) return env->caught();
  JS_DetachArrayBuffer(env->context, buffer);
  if (callback != nullptr) env->finalizers.queue(*new tsrun::engine::Finalizer(callback, nullptr, hint));
  return env->give(buffer, result);
}

napi_status napi_create_external_arraybuffer(napi_env env, void* data, size_t size, node_api_basic_finalize callback, void* hint,
                                             napi_value* result) {
  if (const auto status = enter(env, result); status != napi_ok) return status;
  if (data == nullptr) return size > 0 ? env->fail(napi_invalid_arg) : create_detached(env, callback, hint, result);
  auto* lent = new tsrun::engine::Lent(env, callback, data, hint);
  const JSValue buffer = JS_NewArrayBuffer(env->context, static_cast<uint8_t*>(data), size, 0, tsrun::engine::give_back, lent, false);
  if (JS_IsException(buffer)) {
    delete lent;
    return env->caught();
  }
  env->holders++;
  env->finalizers.wait(*lent);
  return env->give(buffer, result);
}

napi_status napi_is_arraybuffer(napi_env env, napi_value value, bool* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  *result = JS_IsArrayBuffer(value_of(value));
  return env->ok();
}

napi_status napi_get_arraybuffer_info(napi_env env, napi_value value, void** data, size_t* size) {
  if (const auto status = check(env, value); status != napi_ok) return status;
  if (!JS_IsArrayBuffer(value_of(value))) return env->fail(napi_invalid_arg);
  const auto bytes = bytes_of(env->context, value_of(value));
  if (data != nullptr) *data = bytes.data;
  if (size != nullptr) *size = bytes.size;
  return env->ok();
}

napi_status napi_detach_arraybuffer(napi_env env, napi_value value) {
  if (const auto status = check(env, value); status != napi_ok) return status;
  if (!JS_IsArrayBuffer(value_of(value))) return env->fail(napi_arraybuffer_expected);
  JS_DetachArrayBuffer(env->context, value_of(value));
  return env->ok();
}

napi_status napi_is_detached_arraybuffer(napi_env env, napi_value value, bool* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  *result = false;
  if (!JS_IsArrayBuffer(value_of(value))) return env->ok();
  size_t size = 0;
  if (JS_GetArrayBuffer(env->context, &size, value_of(value)) == nullptr && JS_HasException(env->context)) {
    JS_FreeValue(env->context, JS_GetException(env->context));
    *result = true;
  }
  return env->ok();
}

napi_status napi_is_typedarray(napi_env env, napi_value value, bool* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  *result = JS_GetTypedArrayType(value_of(value)) >= 0;
  return env->ok();
}

napi_status napi_create_typedarray(napi_env env, napi_typedarray_type type, size_t length, napi_value buffer, size_t offset,
                                   napi_value* result) {
  if (const auto status = enter(env, buffer, result); status != napi_ok) return status;
  if (!JS_IsArrayBuffer(value_of(buffer)) || static_cast<size_t>(type) >= kKinds.size()) return env->fail(napi_invalid_arg);
  const auto& kind = kKinds[type];
  if (offset % kind.size != 0) {
    return tsrun::engine::range_error(env, "ERR_NAPI_INVALID_TYPEDARRAY_ALIGNMENT",
                                      std::string("start offset of ") + kind.name + " should be a multiple of " + std::to_string(kind.size),
                                      napi_generic_failure);
  }
  const size_t size = bytes_of(env->context, value_of(buffer)).size;
  if (offset > size || length > (size - offset) / kind.size) {
    return tsrun::engine::range_error(env, "ERR_NAPI_INVALID_TYPEDARRAY_LENGTH", "Invalid typed array length", napi_generic_failure);
  }
  JSValue arguments[] = {value_of(buffer), JS_NewNumber(env->context, static_cast<double>(offset)),
                         JS_NewNumber(env->context, static_cast<double>(length))};
  return env->give(JS_NewTypedArray(env->context, 3, arguments, kind.engine), result);
}

napi_status napi_get_typedarray_info(napi_env env, napi_value value, napi_typedarray_type* type, size_t* length, void** data,
                                     napi_value* arraybuffer, size_t* offset) {
  if (const auto status = check(env, value); status != napi_ok) return status;
  const int kind = JS_GetTypedArrayType(value_of(value));
  if (kind < 0) return env->fail(napi_invalid_arg);
  for (const auto& known : kKinds) {
    if (type != nullptr && known.engine == kind) *type = known.type;
  }
  if (length != nullptr) *length = tsrun::engine::number_of(env->context, value_of(value), "length").value_or(0);
  return tsrun::engine::view_parts(env, value_of(value), data, arraybuffer, offset);
}

napi_status napi_create_dataview(napi_env env, size_t length, napi_value buffer, size_t offset, napi_value* result) {
  if (const auto status = enter(env, buffer, result); status != napi_ok) return status;
  if (!JS_IsArrayBuffer(value_of(buffer))) return env->fail(napi_invalid_arg);
  JSContext* context = env->context;
  const size_t size = bytes_of(context, value_of(buffer)).size;
  if (offset > size || length > size - offset) {
    return tsrun::engine::range_error(env, "ERR_NAPI_INVALID_DATAVIEW_ARGS",
                                      "byte_offset + byte_length should be less than or equal to the size in bytes of the array passed in",
                                      napi_pending_exception);
  }
  const Local global(context, JS_GetGlobalObject(context));
  const Local constructor(context, JS_GetPropertyStr(context, global.get(), "DataView"));
  JSValue arguments[] = {value_of(buffer), JS_NewNumber(context, static_cast<double>(offset)),
                         JS_NewNumber(context, static_cast<double>(length))};
  return env->give(JS_CallConstructor(context, constructor.get(), 3, arguments), result);
}

napi_status napi_is_dataview(napi_env env, napi_value value, bool* result) {
  if (const auto status = check(env, value, result); status != napi_ok) return status;
  *result = JS_IsDataView(value_of(value));
  return env->ok();
}

napi_status napi_get_dataview_info(napi_env env, napi_value value, size_t* length, void** data, napi_value* arraybuffer, size_t* offset) {
  if (const auto status = check(env, value); status != napi_ok) return status;
  if (!JS_IsDataView(value_of(value))) return env->fail(napi_invalid_arg);
  if (length != nullptr) *length = tsrun::engine::number_of(env->context, value_of(value), "byteLength").value_or(0);
  return tsrun::engine::view_parts(env, value_of(value), data, arraybuffer, offset);
}
