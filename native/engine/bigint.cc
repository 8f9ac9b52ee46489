// BigInts, of 64 bits and of any size. The engine has no function for their words: those go through text.
#include <algorithm>
#include <charconv>
#include <string>

#include "engine/env.h"

using tsrun::engine::check;
using tsrun::engine::enter;
using tsrun::engine::Local;
using tsrun::engine::value_of;

// Words that V8 allows (2^30 bits): so much fits on both hosts.
static constexpr size_t kMostWords = 1 << 24;

napi_status napi_create_bigint_int64(napi_env env, int64_t value, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_NewBigInt64(env->context, value), result);
}

napi_status napi_create_bigint_uint64(napi_env env, uint64_t value, napi_value* result) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  return env->give(JS_NewBigUint64(env->context, value), result);
}

// BigInt(text) in JavaScript.
static JSValue bigint_of(JSContext* context, const std::string& text) {
  const Local global(context, JS_GetGlobalObject(context));
  const Local convert(context, JS_GetPropertyStr(context, global.get(), "BigInt"));
  const Local digits(context, JS_NewStringLen(context, text.data(), text.size()));
  if (convert.failed() || digits.failed()) return JS_EXCEPTION;
  JSValue argument = digits.get();
  return JS_Call(context, convert.get(), JS_UNDEFINED, 1, &argument);
}

static std::string hexadecimal(size_t count, const uint64_t* words) {
  std::string text = "0x0";
  for (size_t at = count; at-- > 0;) {
    char digits[17];
    snprintf(digits, sizeof digits, "%016lx", words[at]);
    text += digits;
  }
  return text;
}

napi_status napi_create_bigint_words(napi_env env, int sign, size_t count, const uint64_t* words, napi_value* result) {
  if (const auto status = enter(env, words, result); status != napi_ok) return status;
  if (count > INT_MAX) return env->fail(napi_invalid_arg);
  JSContext* context = env->context;
  if (count > kMostWords) {
    JS_ThrowRangeError(context, "Maximum BigInt size exceeded");
    return env->caught();
  }
  Local magnitude(context, bigint_of(context, hexadecimal(count, words)));
  if (magnitude.failed()) return env->caught();
  if (sign == 0) return env->give(magnitude.take(), result);
  // only a decimal number can have a sign in text
  size_t length = 0;
  const char* decimal = JS_ToCStringLen(context, &length, magnitude.get());
  if (decimal == nullptr) return env->caught();
  const std::string text = "-" + std::string(decimal, length);
  JS_FreeCString(context, decimal);
  return env->give(bigint_of(context, text), result);
}

napi_status napi_get_value_bigint_int64(napi_env env, napi_value value, int64_t* result, bool* lossless) {
  if (const auto status = check(env, value, result, lossless); status != napi_ok) return status;
  if (!JS_IsBigInt(value_of(value))) return env->fail(napi_bigint_expected);
  JS_ToBigInt64(env->context, result, value_of(value));
  const Local back(env->context, JS_NewBigInt64(env->context, *result));
  *lossless = JS_IsStrictEqual(env->context, back.get(), value_of(value));
  return env->ok();
}

napi_status napi_get_value_bigint_uint64(napi_env env, napi_value value, uint64_t* result, bool* lossless) {
  if (const auto status = check(env, value, result, lossless); status != napi_ok) return status;
  if (!JS_IsBigInt(value_of(value))) return env->fail(napi_bigint_expected);
  JS_ToBigUint64(env->context, result, value_of(value));
  const Local back(env->context, JS_NewBigUint64(env->context, *result));
  *lossless = JS_IsStrictEqual(env->context, back.get(), value_of(value));
  return env->ok();
}

napi_status napi_get_value_bigint_words(napi_env env, napi_value value, int* sign, size_t* count, uint64_t* words) {
  if (const auto status = check(env, value, count); status != napi_ok) return status;
  if (!JS_IsBigInt(value_of(value))) return env->fail(napi_bigint_expected);
  const bool measure = sign == nullptr && words == nullptr;
  if (!measure && (sign == nullptr || words == nullptr)) return env->fail(napi_invalid_arg);
  JSContext* context = env->context;
  const Local print(context, JS_GetPropertyStr(context, value_of(value), "toString"));
  JSValue radix = JS_NewInt32(context, 16);
  const Local text(context, JS_Call(context, print.get(), value_of(value), 1, &radix));
  size_t length = 0;
  const char* all = text.failed() ? nullptr : JS_ToCStringLen(context, &length, text.get());
  if (all == nullptr) return env->caught(napi_generic_failure);
  const bool negative = all[0] == '-';
  const char* digits = all + (negative ? 1 : 0);
  const char* end = all + length;
  const auto needed = digits[0] == '0' ? 0 : (static_cast<size_t>(end - digits) + 15) / 16;
  if (!measure) {
    *sign = negative ? 1 : 0;
    for (size_t at = 0; at < std::min(needed, *count); at++) {
      const char* begin = end - digits > 16 ? end - 16 : digits;
      std::from_chars(begin, end, words[at], 16);
      end = begin;
    }
  }
  JS_FreeCString(context, all);
  // as much as there was room for, or would be needed
  *count = needed;
  return env->ok();
}
