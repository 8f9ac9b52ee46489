// The foreground for TypeScript.
#include "addon/values.h"
#include "process/supervise_host.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

void catch_all(const Info& info) { check(info.Env(), catch_signals(bool_at(info, 0))); }

void prepare(const Info& info) { prepare_terminal(static_cast<int>(number_at(info, 0))); }

Napi::Value supervise_child(const Info& info) {
  const auto request = info[0].As<Napi::Object>();
  auto status = supervise(static_cast<pid_t>(number_of(request, "pid")), static_cast<int>(number_of(request, "pidfd")),
                          static_cast<int>(number_of(request, "pty")));
  check(info.Env(), status.status());
  return Napi::Number::New(info.Env(), *status);
}

}  // namespace

void register_terminal(Napi::Env env, Napi::Object exports) {
  exports.Set("catchSignals", Napi::Function::New<catch_all>(env));
  exports.Set("prepareTerminal", Napi::Function::New<prepare>(env));
  exports.Set("supervise", Napi::Function::New<supervise_child>(env));
}

}  // namespace tsrun
