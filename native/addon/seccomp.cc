#include <seccomp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "addon/values.h"
#include "seccomp/allows.h"
#include "seccomp/cache.h"
#include "seccomp/compile.h"

namespace tsrun {
namespace {

// A decimal number up to 2^64 - 1.
uint64_t unsigned_of(const Napi::Object& object, const char* name) {
  const std::string text = text_of(object, name);
  char* end = nullptr;
  errno = 0;
  const uint64_t value = strtoull(text.c_str(), &end, 10);
  if (errno != 0 || end == text.c_str() || *end != 0 || text[0] == '-') {
    throw Napi::RangeError::New(object.Env(), std::string(name) + " is not an unsigned number");
  }
  return value;
}

Napi::Array list_of(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsArray()) throw Napi::TypeError::New(object.Env(), std::string(name) + " is not a list");
  return value.As<Napi::Array>();
}

Napi::Object object_in(const Napi::Array& list, uint32_t index) {
  const Napi::Value value = list.Get(index);
  if (!value.IsObject()) throw Napi::TypeError::New(list.Env(), "a list's item is not an object");
  return value.As<Napi::Object>();
}

SeccompRule rule_of(const Napi::Object& object) {
  SeccompRule rule;
  rule.action = static_cast<uint32_t>(number_of(object, "action"));
  rule.names = texts_of(object, "names");
  const Napi::Array arguments = list_of(object, "args");
  for (uint32_t i = 0; i < arguments.Length(); i++) {
    const Napi::Object argument = object_in(arguments, i);
    rule.arguments.push_back({static_cast<unsigned>(number_of(argument, "index")), static_cast<int>(number_of(argument, "op")),
                              unsigned_of(argument, "value"), unsigned_of(argument, "valueTwo")});
  }
  return rule;
}

SeccompProfile profile_of(const Napi::Object& object) {
  SeccompProfile profile;
  profile.default_action = static_cast<uint32_t>(number_of(object, "defaultAction"));
  profile.unknown_is_enosys = bool_of(object, "unknownIsEnosys");
  const Napi::Array architectures = list_of(object, "architectures");
  for (uint32_t i = 0; i < architectures.Length(); i++) {
    profile.architectures.push_back(architectures.Get(i).ToNumber().Uint32Value());
  }
  const Napi::Array rules = list_of(object, "rules");
  for (uint32_t i = 0; i < rules.Length(); i++) profile.rules.push_back(rule_of(object_in(rules, i)));
  return profile;
}

// The numbers of the names are the library's: another release may know more of them.
std::string whole_key(const std::string& key) {
  const scmp_version* version = seccomp_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->micro) + " " + key;
}

Napi::Value compile(const Napi::CallbackInfo& info) {
  if (!info[0].IsObject()) throw Napi::TypeError::New(info.Env(), "argument 0 is not an object");
  auto filter = compile_seccomp(profile_of(info[0].As<Napi::Object>()));
  check(info.Env(), filter.status());
  const size_t size = filter->size() * sizeof(sock_filter);
  auto bytes = Napi::Uint8Array::New(info.Env(), size);
  memcpy(bytes.Data(), filter->data(), size);
  return bytes;
}

Napi::Value open_cache(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), open_cached_filter(text_at(info, 0), whole_key(text_at(info, 1))).release());
}

Napi::Value write_cache(const Napi::CallbackInfo& info) {
  if (!info[2].IsTypedArray() || info[2].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(info.Env(), "argument 2 is not a Uint8Array");
  }
  const auto bytes = info[2].As<Napi::Uint8Array>();
  const std::string_view filter(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  auto file = keep_filter(text_at(info, 0), whole_key(text_at(info, 1)), filter);
  check(info.Env(), file.status());
  return Napi::Number::New(info.Env(), file->release());
}

// The whole of an open filter, wherever it is read at.
std::vector<sock_filter> filter_at(Napi::Env env, int fd) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) throw error_of(env, failed("stat", "the seccomp filter"));
  // Before the filter, the file of a cache has what it is the filter of.
  const off_t from = lseek(fd, 0, SEEK_CUR);
  if (from < 0 || from > status.st_size) throw error_of(env, failed("seek", "the seccomp filter"));
  std::vector<sock_filter> filter(static_cast<size_t>(status.st_size - from) / sizeof(sock_filter));
  const size_t size = filter.size() * sizeof(sock_filter);
  if (pread(fd, filter.data(), size, from) != static_cast<ssize_t>(size)) throw error_of(env, failed("read", "the seccomp filter"));
  return filter;
}

Napi::Value allows(const Napi::CallbackInfo& info) {
  std::vector<sock_filter> filter;
  if (info[0].IsNumber()) {
    filter = filter_at(info.Env(), static_cast<int>(number_at(info, 0)));
  } else {
    const auto bytes = info[0].As<Napi::Uint8Array>();
    filter.resize(bytes.ByteLength() / sizeof(sock_filter));
    memcpy(filter.data(), bytes.Data(), filter.size() * sizeof(sock_filter));
  }
  std::vector<std::string> calls;
  const auto names = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < names.Length(); i++) calls.push_back(names.Get(i).ToString().Utf8Value());
  auto answer = filter_allows(filter, calls);
  check(info.Env(), answer.status());
  return Napi::Boolean::New(info.Env(), *answer);
}

}  // namespace

void register_seccomp(Napi::Env env, Napi::Object exports) {
  exports.Set("compileSeccomp", Napi::Function::New(env, compile));
  exports.Set("openSeccompCache", Napi::Function::New(env, open_cache));
  exports.Set("seccompAllows", Napi::Function::New(env, allows));
  exports.Set("writeSeccompCache", Napi::Function::New(env, write_cache));
}

}  // namespace tsrun
