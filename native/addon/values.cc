#include "addon/values.h"

#include <cctype>
#include <cstring>
#include <vector>

namespace tsrun {

std::string error_text(int err) {
  if (err == kNoErrorWords) return {};
  std::string words = strerror(err);
  // "No such file" as callers' log searches know it: "no such file"; but not "RFS specific error".
  if (words.size() > 1 && islower(static_cast<unsigned char>(words[1])) != 0) words[0] = static_cast<char>(tolower(words[0]));
  return words;
}

Napi::Error error_of(Napi::Env env, const Status& status) {
  const std::string words = error_text(status.err());
  const std::string doing(status.text());
  Napi::Error error = Napi::Error::New(env, words.empty() ? doing : doing + ": " + words);
  error.Set("errno", Napi::Number::New(env, status.err()));
  const char* name = strerrorname_np(status.err());
  error.Set("code", Napi::String::New(env, name == nullptr ? "UNKNOWN" : name));
  error.Set("doing", Napi::String::New(env, doing));
  return error;
}

namespace {

Napi::TypeError wrong(Napi::Env env, const std::string& what, const char* type) {
  return Napi::TypeError::New(env, what + " is not a " + type);
}

std::string text_value(const Napi::Value& value, const std::string& what) {
  if (!value.IsString()) throw wrong(value.Env(), what, "text");
  return value.As<Napi::String>().Utf8Value();
}

int64_t number_value(const Napi::Value& value, const std::string& what) {
  if (!value.IsNumber()) throw wrong(value.Env(), what, "number");
  return value.As<Napi::Number>().Int64Value();
}

}  // namespace

std::string text_at(const Napi::CallbackInfo& info, size_t index) { return text_value(info[index], "argument " + std::to_string(index)); }

int64_t number_at(const Napi::CallbackInfo& info, size_t index) { return number_value(info[index], "argument " + std::to_string(index)); }

bool bool_at(const Napi::CallbackInfo& info, size_t index) { return info[index].ToBoolean(); }

std::string text_of(const Napi::Object& object, const char* name) { return text_value(object.Get(name), name); }

int64_t number_of(const Napi::Object& object, const char* name) { return number_value(object.Get(name), name); }

bool bool_of(const Napi::Object& object, const char* name) { return object.Get(name).ToBoolean(); }

std::vector<std::string> texts_of(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsArray()) throw wrong(object.Env(), name, "list");
  const auto list = value.As<Napi::Array>();
  std::vector<std::string> texts;
  texts.reserve(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) texts.push_back(text_value(list.Get(i), name));
  return texts;
}

std::vector<int> descriptors_of(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsArray()) throw wrong(object.Env(), name, "list");
  const auto list = value.As<Napi::Array>();
  std::vector<int> numbers;
  numbers.reserve(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) numbers.push_back(static_cast<int>(number_value(list.Get(i), name)));
  return numbers;
}

}  // namespace tsrun
