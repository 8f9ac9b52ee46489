// D-Bus for TypeScript: values by their D-Bus signatures, one complete type after the other.
#include <cstring>
#include <memory>

#include "addon/values.h"
#include "systemd/bus_host.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

// Nesting that D-Bus allows: 32 arrays and 32 structs (D-Bus specification, "Valid Signatures").
constexpr int kDeepest = 64;

void check_bus(Napi::Env env, int result, const char* doing) {
  if (result < 0) throw error_of(env, Status(-result, doing));
}

// The first complete type of a signature; a TypeError when there is none.
std::string_view first_type(Napi::Env env, std::string_view signature, int depth = 0) {
  const auto invalid = [&] { return Napi::TypeError::New(env, "not a D-Bus signature: " + std::string(signature)); };
  if (signature.empty() || depth > kDeepest) throw invalid();
  const char kind = signature[0];
  if (kind == 'a') return signature.substr(0, 1 + first_type(env, signature.substr(1), depth + 1).size());
  if (kind == '(' || kind == '{') {
    const char last = kind == '(' ? ')' : '}';
    size_t at = 1;
    while (at < signature.size() && signature[at] != last) at += first_type(env, signature.substr(at), depth + 1).size();
    if (at >= signature.size()) throw invalid();
    return signature.substr(0, at + 1);
  }
  if (strchr("ybnqiuxtdsogv", kind) == nullptr) throw invalid();
  return signature.substr(0, 1);
}

class Writer {
 public:
  Writer(Napi::Env env, const Systemd& library, sd_bus_message* message) : env_(env), library_(library), message_(message) {}

  void all(std::string_view signature, const Napi::Value& values) {
    if (!values.IsArray()) throw wrong(signature, "a list");
    const auto list = values.As<Napi::Array>();
    uint32_t index = 0;
    while (!signature.empty()) {
      const auto type = first_type(env_, signature);
      signature.remove_prefix(type.size());
      if (index >= list.Length()) throw wrong(type, "a value");
      one(type, list.Get(index++));
    }
    if (index != list.Length()) throw wrong("", "the end");
  }

 private:
  [[nodiscard]] Napi::TypeError wrong(std::string_view type, const char* what) const {
    return Napi::TypeError::New(env_, "D-Bus value of type \"" + std::string(type) + "\": " + what + " expected");
  }

  void basic(char type, const void* value) { check_bus(env_, library_.bus_message_append_basic(message_, type, value), "append a value"); }

  void open(char kind, std::string_view content) {
    check_bus(env_, library_.bus_message_open_container(message_, kind, std::string(content).c_str()), "open a container");
  }

  void close() { check_bus(env_, library_.bus_message_close_container(message_), "close a container"); }

  template <class T>
  void number(std::string_view type, const Napi::Value& value) {
    T result{};
    if (value.IsBigInt()) {
      bool lossless = false;
      const auto big = value.As<Napi::BigInt>();
      result = std::is_signed_v<T> ? static_cast<T>(big.Int64Value(&lossless)) : static_cast<T>(big.Uint64Value(&lossless));
      if (!lossless) throw wrong(type, "a smaller number");
    } else if (value.IsNumber()) {
      const double given = value.As<Napi::Number>().DoubleValue();
      // beyond 2^53 the conversion below would not be defined for all
      if (!(given >= -9007199254740992.0 && given <= 9007199254740992.0)) throw wrong(type, "a bigint");
      if (!std::is_floating_point_v<T> && given < 0 && std::is_unsigned_v<T>) throw wrong(type, "a number from 0 on");
      result = static_cast<T>(given);
      if (static_cast<double>(result) != given) throw wrong(type, "a whole number in its range");
    } else {
      throw wrong(type, "a number");
    }
    basic(type[0], &result);
  }

  void array(std::string_view content, const Napi::Value& value) {
    if (content == "y" && value.IsTypedArray()) {
      const auto bytes = value.As<Napi::Uint8Array>();
      check_bus(env_, library_.bus_message_append_array(message_, 'y', bytes.Data(), bytes.ByteLength()), "append bytes");
      return;
    }
    if (!value.IsArray()) throw wrong(content, "a list");
    const auto list = value.As<Napi::Array>();
    open('a', content);
    for (uint32_t i = 0; i < list.Length(); i++) one(content, list.Get(i));
    close();
  }

  void variant(const Napi::Value& value) {
    if (!value.IsObject()) throw wrong("v", "an object with type and value");
    const auto object = value.As<Napi::Object>();
    const std::string type = text_of(object, "type");
    if (first_type(env_, type).size() != type.size()) throw wrong(type, "one complete type");
    open('v', type);
    one(type, object.Get("value"));
    close();
  }

  void one(std::string_view type, const Napi::Value& value) {
    switch (type[0]) {
      case 'b': {
        if (!value.IsBoolean()) throw wrong(type, "a boolean");
        const int set = value.As<Napi::Boolean>() ? 1 : 0;
        return basic('b', &set);
      }
      case 'y':
        return number<uint8_t>(type, value);
      case 'n':
        return number<int16_t>(type, value);
      case 'q':
        return number<uint16_t>(type, value);
      case 'i':
        return number<int32_t>(type, value);
      case 'u':
        return number<uint32_t>(type, value);
      case 'x':
        return number<int64_t>(type, value);
      case 't':
        return number<uint64_t>(type, value);
      case 'd': {
        if (!value.IsNumber()) throw wrong(type, "a number");
        const double given = value.As<Napi::Number>().DoubleValue();
        return basic('d', &given);
      }
      case 's':
      case 'o':
      case 'g': {
        if (!value.IsString()) throw wrong(type, "text");
        const std::string text = value.As<Napi::String>();
        if (text.find('\0') != std::string::npos) throw wrong(type, "text without NUL");
        return basic(type[0], text.c_str());
      }
      case 'a':
        return array(type.substr(1), value);
      case 'v':
        return variant(value);
      default: {
        const auto content = type.substr(1, type.size() - 2);
        open(type[0] == '(' ? 'r' : 'e', content);
        all(content, value);
        close();
      }
    }
  }

  Napi::Env env_;
  const Systemd& library_;
  sd_bus_message* message_;
};

class Reader {
 public:
  Reader(Napi::Env env, const Systemd& library, sd_bus_message* message) : env_(env), library_(library), message_(message) {}

  Napi::Array all() {
    auto list = Napi::Array::New(env_);
    for (;;) {
      char kind = 0;
      const char* content = nullptr;
      const int more = library_.bus_message_peek_type(message_, &kind, &content);
      check_bus(env_, more, "read a reply");
      if (more == 0) return list;
      list.Set(list.Length(), one(kind, content));
    }
  }

 private:
  template <class T>
  T basic(char type) {
    T value{};
    check_bus(env_, library_.bus_message_read_basic(message_, type, &value), "read a value");
    return value;
  }

  Napi::Value one(char kind, const char* content) {
    switch (kind) {
      case 'b':
        return Napi::Boolean::New(env_, basic<int>('b') != 0);
      case 'y':
        return Napi::Number::New(env_, basic<uint8_t>('y'));
      case 'n':
        return Napi::Number::New(env_, basic<int16_t>('n'));
      case 'q':
        return Napi::Number::New(env_, basic<uint16_t>('q'));
      case 'i':
        return Napi::Number::New(env_, basic<int32_t>('i'));
      case 'u':
        return Napi::Number::New(env_, basic<uint32_t>('u'));
      case 'x':
        return Napi::BigInt::New(env_, basic<int64_t>('x'));
      case 't':
        return Napi::BigInt::New(env_, basic<uint64_t>('t'));
      case 'd':
        return Napi::Number::New(env_, basic<double>('d'));
      case 's':
      case 'o':
      case 'g':
        return Napi::String::New(env_, basic<const char*>(kind));
      default: {
        check_bus(env_, library_.bus_message_enter_container(message_, kind, content), "read a container");
        auto list = all();
        check_bus(env_, library_.bus_message_exit_container(message_), "read a container");
        // a variant is its value
        return kind == 'v' ? list.Get(0U) : list;
      }
    }
  }

  Napi::Env env_;
  const Systemd& library_;
  sd_bus_message* message_;
};

Bus& bus_at(const Info& info, size_t index) {
  if (!info[index].IsExternal()) throw Napi::TypeError::New(info.Env(), "argument 0 is not a connection");
  auto& bus = *info[index].As<Napi::External<std::unique_ptr<Bus>>>().Data();
  if (bus == nullptr) throw Napi::TypeError::New(info.Env(), "the connection is closed");
  return *bus;
}

Napi::Value connect_bus(const Info& info) {
  auto bus = Bus::connect(text_at(info, 0), bool_at(info, 1));
  check(info.Env(), bus.status());
  using Held = std::unique_ptr<Bus>;
  auto held = std::make_unique<Held>(std::move(*bus));
  return Napi::External<Held>::New(info.Env(), held.release(), [](Napi::Env, Held* old) { delete old; });
}

void close_bus(const Info& info) {
  if (info[0].IsExternal()) info[0].As<Napi::External<std::unique_ptr<Bus>>>().Data()->reset();
}

Napi::Value call_bus(const Info& info) {
  const auto env = info.Env();
  Bus& bus = bus_at(info, 0);
  if (!info[1].IsObject()) throw Napi::TypeError::New(env, "argument 1: a call expected");
  const auto request = info[1].As<Napi::Object>();
  auto message = bus.method(text_of(request, "destination").c_str(), text_of(request, "path").c_str(),
                            text_of(request, "interface").c_str(), text_of(request, "member").c_str());
  check(env, message.status());
  Writer(env, bus.library(), message->get()).all(text_of(request, "signature"), request.Get("args"));
  const auto timeout = static_cast<int>(number_of(request, "timeout"));
  const bool job = bool_of(request, "job");
  auto reply = job ? bus.call_for_job(message->get(), timeout) : bus.call(message->get(), timeout);
  check(env, reply.status());
  auto result = Napi::Object::New(env);
  result.Set("error", reply->error);
  result.Set("words", reply->words);
  result.Set("job", reply->job);
  const bool values = !job && reply->message != nullptr;
  result.Set("values", values ? Reader(env, bus.library(), reply->message.get()).all() : Napi::Array::New(env));
  return result;
}

}  // namespace

void register_bus(Napi::Env env, Napi::Object exports) {
  exports.Set("busConnect", Napi::Function::New<connect_bus>(env, "busConnect"));
  exports.Set("busCall", Napi::Function::New<call_bus>(env, "busCall"));
  exports.Set("busClose", Napi::Function::New<close_bus>(env, "busClose"));
}

}  // namespace tsrun
