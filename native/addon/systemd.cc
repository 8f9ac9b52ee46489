// tsrun-systemd for TypeScript: start it, and ask it.
#include "addon/values.h"
#include "systemd/helper_host.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

Napi::Value start_helper(const Info& info) {
  auto helper = start_systemd_helper({text_at(info, 0), text_at(info, 1)});
  check(info.Env(), helper.status());
  auto result = Napi::Object::New(info.Env());
  result.Set("socket", Napi::Number::New(info.Env(), helper->socket.release()));
  result.Set("pidfd", Napi::Number::New(info.Env(), helper->pidfd.release()));
  return result;
}

Napi::Value ask_helper(const Info& info) {
  Buffer answer;
  check(info.Env(), ask_systemd_helper(static_cast<int>(number_at(info, 0)), text_at(info, 1), answer));
  const auto text = answer.view();
  return Napi::String::New(info.Env(), text.data() == nullptr ? "" : text.data(), text.size());
}

}  // namespace

void register_systemd(Napi::Env env, Napi::Object exports) {
  exports.Set("startSystemdHelper", Napi::Function::New<start_helper>(env, "startSystemdHelper"));
  exports.Set("askSystemdHelper", Napi::Function::New<ask_helper>(env, "askSystemdHelper"));
}

}  // namespace tsrun
