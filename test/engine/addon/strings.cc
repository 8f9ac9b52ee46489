// Strings in and out.
#include <cstring>

#include "addon.h"

namespace probe {
namespace {

// read(string, size): what came into a buffer of `size` units that were all 0xaa, and how much was said to be there.
template <class Unit>
napi_value read(napi_env env, const Call& call, napi_status (*get)(napi_env, napi_value, Unit*, size_t, size_t*)) {
  size_t length = 0;
  napi_value measured = nullptr;
  const napi_status measure = get(env, call[0], nullptr, 0, &length);
  measured = number(env, static_cast<double>(length));
  const size_t size = unsigned_of(env, call[1]);
  std::vector<Unit> buffer(size + 2);
  memset(buffer.data(), 0xaa, buffer.size() * sizeof(Unit));
  size_t copied = 99;
  const napi_status status = get(env, call[0], buffer.data(), size, &copied);
  std::vector<napi_value> units;
  for (const Unit unit : buffer) units.push_back(number(env, static_cast<double>(static_cast<std::make_unsigned_t<Unit>>(unit))));
  return object(env, {{"length", measured},
                      {"measure", number(env, measure)},
                      {"status", number(env, status)},
                      {"copied", number(env, static_cast<double>(copied))},
                      {"nothing", number(env, get(env, call[0], nullptr, 0, nullptr))},
                      {"units", list(env, units)}});
}

napi_value read_utf8(napi_env env, napi_callback_info info) { return read<char>(env, Call(env, info), napi_get_value_string_utf8); }
napi_value read_latin1(napi_env env, napi_callback_info info) { return read<char>(env, Call(env, info), napi_get_value_string_latin1); }

napi_value read_utf16(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  size_t length = 0;
  must(napi_get_value_string_utf16(env, call[0], nullptr, 0, &length), "measure");
  std::vector<char16_t> buffer(length + 1);
  const size_t size = is_undefined(env, call[1]) ? buffer.size() : unsigned_of(env, call[1]);
  size_t copied = 0;
  must(napi_get_value_string_utf16(env, call[0], buffer.data(), size, &copied), "read");
  std::vector<napi_value> units;
  for (size_t at = 0; at < copied; at++) units.push_back(number(env, buffer[at]));
  return list(env, units);
}

// make(bytes or units): a string of them.
napi_value make_utf8(napi_env env, napi_callback_info info) {
  const Bytes bytes = bytes_of(env, Call(env, info)[0]);
  napi_value result = nullptr;
  must(napi_create_string_utf8(env, static_cast<char*>(bytes.data), bytes.length, &result), "napi_create_string_utf8");
  return result;
}

napi_value make_latin1(napi_env env, napi_callback_info info) {
  const Bytes bytes = bytes_of(env, Call(env, info)[0]);
  napi_value result = nullptr;
  must(napi_create_string_latin1(env, static_cast<char*>(bytes.data), bytes.length, &result), "napi_create_string_latin1");
  return result;
}

napi_value make_utf16(napi_env env, napi_callback_info info) {
  const Bytes bytes = bytes_of(env, Call(env, info)[0]);
  napi_value result = nullptr;
  must(napi_create_string_utf16(env, static_cast<char16_t*>(bytes.data), bytes.length, &result), "napi_create_string_utf16");
  return result;
}

// With the length to be found.
napi_value make_auto(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value utf8 = nullptr;
  napi_value latin1 = nullptr;
  napi_value utf16 = nullptr;
  must(napi_create_string_utf8(env, "z\xc3\xbc\0more", NAPI_AUTO_LENGTH, &utf8), "napi_create_string_utf8");
  must(napi_create_string_latin1(env, "z\xfc\0more", NAPI_AUTO_LENGTH, &latin1), "napi_create_string_latin1");
  must(napi_create_string_utf16(env, u"z\u00fc\0more", NAPI_AUTO_LENGTH, &utf16), "napi_create_string_utf16");
  return list(env, {utf8, latin1, utf16});
}

// symbol(description or undefined), symbolFor(bytes)
napi_value make_symbol(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value result = nullptr;
  must(napi_create_symbol(env, is_undefined(env, call[0]) ? nullptr : call[0], &result), "napi_create_symbol");
  return result;
}

napi_value symbol_for(napi_env env, napi_callback_info info) {
  const Bytes bytes = bytes_of(env, Call(env, info)[0]);
  napi_value result = nullptr;
  must(node_api_symbol_for(env, static_cast<char*>(bytes.data), bytes.length, &result), "node_api_symbol_for");
  return result;
}

}  // namespace

void add_strings(napi_env env, napi_value exports) {
  add(env, exports, "readUtf8", read_utf8);
  add(env, exports, "readLatin1", read_latin1);
  add(env, exports, "readUtf16", read_utf16);
  add(env, exports, "makeUtf8", make_utf8);
  add(env, exports, "makeLatin1", make_latin1);
  add(env, exports, "makeUtf16", make_utf16);
  add(env, exports, "makeAuto", make_auto);
  add(env, exports, "symbol", make_symbol);
  add(env, exports, "symbolFor", symbol_for);
}

}  // namespace probe
