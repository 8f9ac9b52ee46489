#include "systemd/values.h"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>

namespace tsrun {
namespace {

// Nesting that D-Bus allows: 32 arrays and 32 structs; variants count too.
constexpr int kDeepest = 64;
constexpr size_t kLongestSignature = 255;

// Without substr, which may throw.
std::string_view without(std::string_view text, size_t front, size_t back = 0) { return {text.data() + front, text.size() - front - back}; }

Status malformed(std::string_view type) { return {EBADMSG, "malformed D-Bus value of type", type}; }

// sd-bus returns negative errno.
Status result_of(int result, std::string_view doing, std::string_view type) {
  if (result >= 0) return {};
  return {-result, doing, type};
}

class Writer {
 public:
  Writer(sd_bus_message* message, Arguments& fields) : message_(message), fields_(fields) {}

  Status all(std::string_view signature, int depth) {
    while (!signature.empty()) {
      const size_t length = first_type(signature);
      if (length == 0) return malformed(signature);
      TSRUN_TRY(one(signature.substr(0, length), depth));
      signature.remove_prefix(length);
    }
    return {};
  }

 private:
  Status basic(char type, const void* value) {
    return result_of(sd_bus_message_append_basic(message_, type, value), "append a D-Bus value of type", {&type, 1});
  }

  template <class T>
  Status number(char type, T most = std::numeric_limits<T>::max()) {
    const std::string_view digits = fields_.text();
    T value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value > most) return malformed({&type, 1});
    if (type == 'b') {
      const int set = value == 0 ? 0 : 1;
      return basic(type, &set);
    }
    return basic(type, &value);
  }

  Status container(char kind, std::string_view content) {
    Text<kLongestSignature + 1> text;
    text.append(content);
    if (content.size() > kLongestSignature) return malformed(content);
    return result_of(sd_bus_message_open_container(message_, kind, text.c_str()), "open a D-Bus container of", content);
  }

  Status close() { return result_of(sd_bus_message_close_container(message_), "close a D-Bus container", {}); }

  Status one(std::string_view type, int depth) {
    if (depth > kDeepest) return malformed(type);
    if (fields_.left() == 0) return malformed(type);
    switch (type[0]) {
      case 'b':
        return number<uint8_t>('b', 1);
      case 'y':
        return number<uint8_t>('y');
      case 'n':
        return number<int16_t>('n');
      case 'q':
        return number<uint16_t>('q');
      case 'i':
        return number<int32_t>('i');
      case 'u':
        return number<uint32_t>('u');
      case 'x':
        return number<int64_t>('x');
      case 't':
      case 'd':  // its bits, in the same place
        return number<uint64_t>(type[0]);
      case 's':
      case 'o':
      case 'g':
        return basic(type[0], fields_.text());
      case 'a': {
        const auto content = without(type, 1);
        Arguments before = fields_;
        const size_t count = fields_.count();
        // an element is a field at least
        if (count == 0 && std::string_view(before.text()) != "0") return malformed(type);
        TSRUN_TRY(container('a', content));
        for (size_t i = 0; i < count; i++) TSRUN_TRY(one(content, depth + 1));
        return close();
      }
      case 'v': {
        const std::string_view content = fields_.text();
        if (content.empty() || first_type(content) != content.size()) return malformed(type);
        TSRUN_TRY(container('v', content));
        TSRUN_TRY(one(content, depth + 1));
        return close();
      }
      default: {
        const auto content = without(type, 1, 1);
        TSRUN_TRY(container(type[0] == '(' ? 'r' : 'e', content));
        TSRUN_TRY(all(content, depth + 1));
        return close();
      }
    }
  }

  sd_bus_message* message_;
  Arguments& fields_;
};

class Reader {
 public:
  Reader(sd_bus_message* message, Buffer& fields) : message_(message), fields_(fields) {}

  // As many as there are in this container, or of the message.
  Status all(size_t& count, int depth) {
    for (count = 0;; count++) {
      char kind = 0;
      const char* content = nullptr;
      const int more = sd_bus_message_peek_type(message_, &kind, &content);
      if (more < 0) return {-more, "read a reply"};
      if (more == 0) return {};
      TSRUN_TRY(one(kind, content, depth));
    }
  }

 private:
  void field(std::string_view text) { fields_.append(text).append({"\0", 1}); }

  template <class T>
  Status basic(char type, T& value) {
    return result_of(sd_bus_message_read_basic(message_, type, &value), "read a D-Bus value of type", {&type, 1});
  }

  template <class T>
  Status number(char type) {
    T value{};
    TSRUN_TRY(basic(type, value));
    char digits[24];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    if (error != std::errc()) return malformed({&type, 1});
    field({digits, static_cast<size_t>(end - digits)});
    return {};
  }

  Status one(char kind, const char* content, int depth) {
    if (depth > kDeepest) return malformed({&kind, 1});
    switch (kind) {
      case 'b':
        return number<int>('b');
      case 'y':
        return number<uint8_t>('y');
      case 'n':
        return number<int16_t>('n');
      case 'q':
        return number<uint16_t>('q');
      case 'i':
        return number<int32_t>('i');
      case 'u':
        return number<uint32_t>('u');
      case 'x':
        return number<int64_t>('x');
      case 't':
      case 'd':
        return number<uint64_t>(kind);
      case 's':
      case 'o':
      case 'g': {
        const char* text = nullptr;
        TSRUN_TRY(basic(kind, text));
        field(text);
        return {};
      }
      case 'a':
      case 'r':
      case 'e':
      case 'v':
        return container(kind, content, depth);
      default:
        return malformed({&kind, 1});
    }
  }

  Status container(char kind, const char* content, int depth) {
    if (kind == 'v') field(content);
    const size_t at = fields_.size();
    const int entered = sd_bus_message_enter_container(message_, kind, content);
    if (entered < 0) return {-entered, "read a D-Bus container of", content};
    size_t count = 0;
    TSRUN_TRY(all(count, depth + 1));
    if (kind == 'a') {
      Text<24> number;
      number.append_number(static_cast<long long>(count));
      fields_.insert(at, {number.c_str(), number.view().size() + 1});
    }
    return result_of(sd_bus_message_exit_container(message_), "read a D-Bus container of", content);
  }

  sd_bus_message* message_;
  Buffer& fields_;
};

}  // namespace

size_t first_type(std::string_view signature, int depth) {
  if (signature.empty() || depth > kDeepest) return 0;
  const char kind = signature[0];
  if (kind == 'a') {
    const size_t rest = first_type(without(signature, 1), depth + 1);
    return rest == 0 ? 0 : 1 + rest;
  }
  if (kind == '(' || kind == '{') {
    const char last = kind == '(' ? ')' : '}';
    size_t at = 1;
    while (at < signature.size() && signature[at] != last) {
      const size_t length = first_type(without(signature, at), depth + 1);
      if (length == 0) return 0;
      at += length;
    }
    return at == 1 || at >= signature.size() ? 0 : at + 1;
  }
  return kind != 0 && strchr("ybnqiuxtdsogv", kind) != nullptr ? 1 : 0;
}

Status append_values(sd_bus_message* message, std::string_view signature, Arguments& fields) {
  TSRUN_TRY(Writer(message, fields).all(signature, 0));
  if (!fields.finish().ok()) return malformed("more than its signature has");
  return {};
}

Status read_values(sd_bus_message* message, Buffer& fields) {
  size_t count = 0;
  TSRUN_TRY(Reader(message, fields).all(count, 0));
  if (fields.overflowed()) return {EMSGSIZE, "read a reply"};
  return {};
}

}  // namespace tsrun
