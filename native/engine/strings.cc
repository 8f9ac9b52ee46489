// Strings in and out, in UTF-8, Latin-1 and UTF-16.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "engine/env.h"
#include "engine/functions.h"

namespace tsrun::engine {
namespace {

constexpr char16_t kReplacement = 0xfffd;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// What a first byte of a sequence says: how many follow, and the range of the second, which keeps out surrogates, what is beyond Unicode
// and what is longer than need be (Unicode Standard, table 3-7).
struct Lead {
  int following;
  unsigned char low, high;
};

Lead lead_of(unsigned char byte) {
  if (byte >= 0xc2 && byte <= 0xdf) return {1, 0x80, 0xbf};
  if (byte >= 0xe0 && byte <= 0xef)
    return {2, static_cast<unsigned char>(byte == 0xe0 ? 0xa0 : 0x80), static_cast<unsigned char>(byte == 0xed ? 0x9f : 0xbf)};
  if (byte >= 0xf0 && byte <= 0xf4)
    return {3, static_cast<unsigned char>(byte == 0xf0 ? 0x90 : 0x80), static_cast<unsigned char>(byte == 0xf4 ? 0x8f : 0xbf)};
  return {0, 0, 0};
}

void append(std::u16string& text, uint32_t point) {
  if (point < 0x10000) {
    text += static_cast<char16_t>(point);
    return;
  }
  text += static_cast<char16_t>(0xd800 + ((point - 0x10000) >> 10));
  text += static_cast<char16_t>(0xdc00 + ((point - 0x10000) & 0x3ff));
}

// One replacement for each longest beginning of a sequence that leads nowhere.
std::u16string decode(std::string_view bytes) {
  std::u16string text;
  text.reserve(bytes.size());
  for (size_t at = 0; at < bytes.size();) {
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    if (byte < 0x80) {
      text += static_cast<char16_t>(byte);
      continue;
    }
    const Lead lead = lead_of(byte);
    uint32_t point = byte & (0x3fU >> lead.following);
    unsigned char low = lead.low;
    unsigned char high = lead.high;
    int missing = lead.following;
    while (missing > 0 && at < bytes.size()) {
      const auto next = static_cast<unsigned char>(bytes[at]);
      if (next < low || next > high) break;
      point = point << 6 | (next & 0x3f);
      low = 0x80;
      high = 0xbf;
      at++;
      missing--;
    }
    append(text, lead.following == 0 || missing > 0 ? kReplacement : point);
  }
  return text;
}

// The engine compares keys by their representation too: what fits into bytes must be in bytes.
JSValue utf16_string(JSContext* context, std::u16string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char16_t unit) { return unit > 0xff; })) {
    return JS_NewStringUTF16(context, reinterpret_cast<const uint16_t*>(text.data()), text.size());
  }
  std::string bytes;
  bytes.reserve(text.size());
  for (const char16_t unit : text) {
    if (unit >= 0x80) bytes += static_cast<char>(0xc0 | unit >> 6);
    bytes += static_cast<char>(unit >= 0x80 ? 0x80 | (unit & 0x3f) : unit);
  }
  return JS_NewStringLen(context, bytes.data(), bytes.size());
}

// The length of a string that is given, or -1.
template <class Unit>
int64_t length_of(const Unit* text, size_t length) {
  if (length == NAPI_AUTO_LENGTH) return text == nullptr ? -1 : static_cast<int64_t>(std::char_traits<Unit>::length(text));
  return length > INT_MAX || (text == nullptr && length > 0) ? -1 : static_cast<int64_t>(length);
}

template <class Unit, class Make>
napi_status create(napi_env env, const Unit* text, size_t length, napi_value* result, Make make) {
  if (const auto status = check(env, result); status != napi_ok) return status;
  const int64_t known = length_of(text, length);
  if (known < 0) return env->fail(napi_invalid_arg);
  return env->give(make(env->context, std::basic_string_view<Unit>(text, static_cast<size_t>(known))), result, napi_generic_failure);
}

JSValue latin1_string(JSContext* context, std::string_view text) {
  if (is_ascii(text)) return JS_NewStringLen(context, text.data(), text.size());
  std::u16string units(text.size(), u'\0');
  std::transform(text.begin(), text.end(), units.begin(), [](char c) { return static_cast<char16_t>(static_cast<unsigned char>(c)); });
  return utf16_string(context, units);
}

// The units of a string for a moment.
class Units {
 public:
  Units(JSContext* context, JSValueConst value) : context_(context), units_(JS_ToCStringLenUTF16(context, &count_, value)) {}
  Units(const Units&) = delete;
  Units& operator=(const Units&) = delete;
  ~Units() { JS_FreeCStringUTF16(context_, units_); }
  [[nodiscard]] bool failed() const { return units_ == nullptr; }
  [[nodiscard]] const uint16_t* begin() const { return units_; }
  [[nodiscard]] size_t size() const { return count_; }

 private:
  JSContext* context_;
  size_t count_ = 0;
  const uint16_t* units_;
};

// As all three do it: without a buffer the length; else as much as fits before a final zero, and how much that was.
template <class Unit>
napi_status copy_units(napi_env env, napi_value value, Unit* buffer, size_t size, size_t* result) {
  if (const auto status = check(env, value); status != napi_ok) return status;
  if (!JS_IsString(value_of(value))) return env->fail(napi_string_expected);
  if (buffer == nullptr && result == nullptr) return env->fail(napi_invalid_arg);
  const Units units(env->context, value_of(value));
  if (units.failed()) return env->caught();
  size_t copied = units.size();
  if (buffer != nullptr) {
    copied = size == 0 ? 0 : std::min(copied, size - 1);
    std::transform(units.begin(), units.begin() + copied, buffer, [](uint16_t unit) { return static_cast<Unit>(unit); });
    if (size > 0) buffer[copied] = 0;
  }
  if (result != nullptr) *result = copied;
  return env->ok();
}

// The engine's text has lone surrogates encoded like other characters, ED A0..BF xx; here they are U+FFFD, EF BF BD, of the same length.
void replace_surrogates(char* text, size_t length) {
  for (size_t at = 0; at + 2 < length; at++) {
    if (text[at] == '\xed' && (text[at + 1] & 0x20) != 0) memcpy(text + at, "\xef\xbf\xbd", 3);
  }
}

// How much of a text is whole characters within `limit` bytes.
size_t whole(const char* text, size_t length, size_t limit) {
  if (length <= limit) return length;
  while (limit > 0 && (text[limit] & 0xc0) == 0x80) limit--;
  return limit;
}

}  // namespace

JSValue utf8_string(JSContext* context, const char* text, size_t length) {
  const std::string_view bytes(text, length);
  if (is_ascii(bytes)) return JS_NewStringLen(context, text, length);
  return utf16_string(context, decode(bytes));
}

JSValue utf8_name(JSContext* context, const char* name) {
  const std::string_view text(name);
  return is_ascii(text) ? JS_NewAtomString(context, name) : utf8_string(context, name, text.size());
}

JSAtom utf8_key(JSContext* context, const char* name) {
  const std::string_view text(name);
  if (is_ascii(text)) return JS_NewAtomLen(context, text.data(), text.size());
  const Local string(context, utf8_string(context, name, text.size()));
  return string.failed() ? JS_ATOM_NULL : JS_ValueToAtom(context, string.get());
}

}  // namespace tsrun::engine

using tsrun::engine::check;
using tsrun::engine::value_of;

napi_status napi_create_string_utf8(napi_env env, const char* text, size_t length, napi_value* result) {
  return tsrun::engine::create(env, text, length, result, [](JSContext* context, std::string_view bytes) {
    return tsrun::engine::utf8_string(context, bytes.data(), bytes.size());
  });
}

napi_status napi_create_string_latin1(napi_env env, const char* text, size_t length, napi_value* result) {
  return tsrun::engine::create(env, text, length, result, tsrun::engine::latin1_string);
}

napi_status napi_create_string_utf16(napi_env env, const char16_t* text, size_t length, napi_value* result) {
  return tsrun::engine::create(env, text, length, result, tsrun::engine::utf16_string);
}

// A key is a string like others here: the engine makes it one of its own when it is used.

napi_status node_api_create_property_key_utf8(napi_env env, const char* text, size_t length, napi_value* result) {
  return napi_create_string_utf8(env, text, length, result);
}

napi_status node_api_create_property_key_latin1(napi_env env, const char* text, size_t length, napi_value* result) {
  return napi_create_string_latin1(env, text, length, result);
}

napi_status node_api_create_property_key_utf16(napi_env env, const char16_t* text, size_t length, napi_value* result) {
  return napi_create_string_utf16(env, text, length, result);
}

// The engine's strings are its own memory: they are copied, which the interface allows, and the original is given back at once.
template <class Unit, class Create>
static napi_status copy_external(napi_env env, Unit* text, size_t length, napi_finalize callback, void* hint, napi_value* result,
                                 bool* copied, Create create) {
  if (const auto status = create(env, text, length, result); status != napi_ok) return status;
  if (copied != nullptr) *copied = true;
  if (callback != nullptr) callback(env, text, hint);
  return env->ok();
}

napi_status node_api_create_external_string_latin1(napi_env env, char* text, size_t length, node_api_basic_finalize callback, void* hint,
                                                   napi_value* result, bool* copied) {
  return copy_external(env, text, length, callback, hint, result, copied, napi_create_string_latin1);
}

napi_status node_api_create_external_string_utf16(napi_env env, char16_t* text, size_t length, node_api_basic_finalize callback, void* hint,
                                                  napi_value* result, bool* copied) {
  return copy_external(env, text, length, callback, hint, result, copied, napi_create_string_utf16);
}

napi_status napi_get_value_string_latin1(napi_env env, napi_value value, char* buffer, size_t size, size_t* result) {
  return tsrun::engine::copy_units(env, value, buffer, size, result);
}

napi_status napi_get_value_string_utf16(napi_env env, napi_value value, char16_t* buffer, size_t size, size_t* result) {
  return tsrun::engine::copy_units(env, value, buffer, size, result);
}

napi_status napi_get_value_string_utf8(napi_env env, napi_value value, char* buffer, size_t size, size_t* result) {
  if (const auto status = check(env, value); status != napi_ok) return status;
  if (!JS_IsString(value_of(value))) return env->fail(napi_string_expected);
  if (buffer == nullptr && result == nullptr) return env->fail(napi_invalid_arg);
  size_t length = 0;
  const char* text = JS_ToCStringLen(env->context, &length, value_of(value));
  if (text == nullptr) return env->caught();
  if (buffer != nullptr) {
    length = size == 0 ? 0 : tsrun::engine::whole(text, length, size - 1);
    memcpy(buffer, text, length);
    tsrun::engine::replace_surrogates(buffer, length);
    if (size > 0) buffer[length] = '\0';
  }
  JS_FreeCString(env->context, text);
  if (result != nullptr) *result = length;
  return env->ok();
}
