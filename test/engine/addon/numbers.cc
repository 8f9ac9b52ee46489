// Numbers, BigInts, dates, conversions and promises.
#include "addon.h"

namespace probe {
namespace {

napi_value integers(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  double d = 0;
  int32_t i = 0;
  uint32_t u = 0;
  int64_t l = 0;
  must(napi_get_value_double(env, call[0], &d), "double");
  must(napi_get_value_int32(env, call[0], &i), "int32");
  must(napi_get_value_uint32(env, call[0], &u), "uint32");
  must(napi_get_value_int64(env, call[0], &l), "int64");
  napi_value big = nullptr;
  must(napi_create_bigint_int64(env, l, &big), "bigint");
  return list(env, {number(env, d), number(env, i), number(env, u), big});
}

napi_value made(napi_env env, napi_callback_info /*info*/) {
  napi_value i = nullptr;
  napi_value u = nullptr;
  napi_value l = nullptr;
  napi_value b = nullptr;
  napi_value w = nullptr;
  must(napi_create_int32(env, INT32_MIN, &i), "int32");
  must(napi_create_uint32(env, UINT32_MAX, &u), "uint32");
  must(napi_create_int64(env, INT64_MAX, &l), "int64");
  must(napi_create_bigint_int64(env, INT64_MIN, &b), "bigint int64");
  must(napi_create_bigint_uint64(env, UINT64_MAX, &w), "bigint uint64");
  return list(env, {i, u, l, b, w, number(env, -0.0), number(env, 1e300)});
}

// The 64 bits of a BigInt, signed and not, and whether that was all.
napi_value big64(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  int64_t l = 0;
  uint64_t w = 0;
  bool signed_all = false;
  bool unsigned_all = false;
  must(napi_get_value_bigint_int64(env, call[0], &l, &signed_all), "int64");
  must(napi_get_value_bigint_uint64(env, call[0], &w, &unsigned_all), "uint64");
  napi_value a = nullptr;
  napi_value b = nullptr;
  must(napi_create_bigint_int64(env, l, &a), "bigint");
  must(napi_create_bigint_uint64(env, w, &b), "bigint");
  return list(env, {a, boolean(env, signed_all), b, boolean(env, unsigned_all)});
}

// words(bigint, room): how many there are, the sign, those that had room, and how many were said to be there.
napi_value words(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  size_t needed = 0;
  must(napi_get_value_bigint_words(env, call[0], nullptr, &needed, nullptr), "measure");
  const size_t room = unsigned_of(env, call[1]);
  std::vector<uint64_t> buffer(room + 1, 0xaaaaaaaaaaaaaaaa);
  size_t count = room;
  int sign = 9;
  must(napi_get_value_bigint_words(env, call[0], &sign, &count, buffer.data()), "words");
  std::vector<napi_value> values;
  for (const uint64_t word : buffer) {
    napi_value value = nullptr;
    must(napi_create_bigint_uint64(env, word, &value), "word");
    values.push_back(value);
  }
  return list(env,
              {number(env, static_cast<double>(needed)), number(env, sign), number(env, static_cast<double>(count)), list(env, values)});
}

// fromWords(sign, BigUint64Array)
napi_value from_words(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Bytes bytes = bytes_of(env, call[1]);
  napi_value result = nullptr;
  const uint64_t none = 0;
  const auto* from = bytes.length == 0 ? &none : static_cast<const uint64_t*>(bytes.data);
  must(napi_create_bigint_words(env, static_cast<int>(unsigned_of(env, call[0])), bytes.length, from, &result), "napi_create_bigint_words");
  return result;
}

// Too many words: the statuses, and what was thrown.
napi_value too_many_words(napi_env env, napi_callback_info /*info*/) {
  const uint64_t word = 1;
  napi_value result = nullptr;
  const napi_status beyond = napi_create_bigint_words(env, 0, size_t{1} << 31, &word, &result);
  // it refuses by the count, before it reads
  const napi_status much = napi_create_bigint_words(env, 0, (size_t{1} << 24) + 1, &word, &result);
  napi_value error = nullptr;
  must(napi_get_and_clear_last_exception(env, &error), "exception");
  return list(env, {number(env, beyond), number(env, much), error});
}

napi_value coerce(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  std::vector<napi_value> told;
  for (const auto function : {napi_coerce_to_bool, napi_coerce_to_number, napi_coerce_to_string, napi_coerce_to_object}) {
    napi_value result = nullptr;
    const napi_status status = function(env, call[0], &result);
    bool pending = false;
    must(napi_is_exception_pending(env, &pending), "pending");
    if (pending) must(napi_get_and_clear_last_exception(env, &result), "exception");
    told.push_back(list(env, {number(env, status), boolean(env, pending), result == nullptr ? call.undefined : result}));
  }
  return list(env, told);
}

napi_value type_of(napi_env env, napi_callback_info info) {
  napi_valuetype type = napi_undefined;
  must(napi_typeof(env, Call(env, info)[0], &type), "typeof");
  return number(env, type);
}

napi_value equals(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  bool result = false;
  must(napi_strict_equals(env, call[0], call[1], &result), "equals");
  return boolean(env, result);
}

napi_value date(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  double time = 0;
  must(napi_get_date_value(env, call[0], &time), "date");
  napi_value result = nullptr;
  must(napi_create_date(env, time + 1, &result), "create");
  return result;
}

// settle(value, fulfilled): a promise that is
napi_value settle(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  must(napi_create_promise(env, &deferred, &promise), "promise");
  bool fulfilled = false;
  must(napi_get_value_bool(env, call[1], &fulfilled), "bool");
  must((fulfilled ? napi_resolve_deferred : napi_reject_deferred)(env, deferred, call[0]), "settle");
  return promise;
}

napi_value forget(napi_env env, napi_callback_info /*info*/) {
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  must(napi_create_promise(env, &deferred, &promise), "promise");
  return promise;
}

}  // namespace

void add_numbers(napi_env env, napi_value exports) {
  add(env, exports, "integers", integers);
  add(env, exports, "made", made);
  add(env, exports, "big64", big64);
  add(env, exports, "words", words);
  add(env, exports, "fromWords", from_words);
  add(env, exports, "tooManyWords", too_many_words);
  add(env, exports, "coerce", coerce);
  add(env, exports, "typeOf", type_of);
  add(env, exports, "equals", equals);
  add(env, exports, "date", date);
  add(env, exports, "settle", settle);
  add(env, exports, "neverSettled", forget);
}

}  // namespace probe
