// The foreground, and a screen to draw on, for TypeScript.
#include <unistd.h>

#include "addon/values.h"
#include "process/screen_host.h"
#include "process/supervise_host.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

void catch_all(const Info& info) { check(info.Env(), catch_signals(bool_at(info, 0))); }

void prepare(const Info& info) { prepare_terminal(static_cast<int>(number_at(info, 0))); }

Napi::Value supervise_child(const Info& info) {
  const auto request = info[0].As<Napi::Object>();
  int notify = -1;
  Notifier notifier;
  if (request.Get("notify").IsObject()) {
    const auto wanted = request.Get("notify").As<Napi::Object>();
    notify = static_cast<int>(number_of(wanted, "socket"));
    check(info.Env(), notifier.open(text_of(wanted, "host"), getpid()));
  }
  auto status = supervise(static_cast<pid_t>(number_of(request, "pid")), static_cast<int>(number_of(request, "pidfd")),
                          static_cast<int>(number_of(request, "pty")), notify, notify < 0 ? nullptr : &notifier);
  check(info.Env(), status.status());
  return Napi::Number::New(info.Env(), *status);
}

Napi::Value size_of_window(const Info& info) {
  const auto size = window_size(static_cast<int>(number_at(info, 0)));
  if (!size) return info.Env().Null();
  auto object = Napi::Object::New(info.Env());
  object.Set("columns", size->columns);
  object.Set("rows", size->rows);
  return object;
}

void begin_screen(const Info& info) { check(info.Env(), open_screen()); }

// A number is a signal, a text keys.
Napi::Value wait_for_key(const Info& info) {
  auto event = wait_screen(static_cast<int>(number_at(info, 0)));
  check(info.Env(), event.status());
  if (event->signal != 0) return Napi::Number::New(info.Env(), event->signal);
  napi_value text = nullptr;
  NAPI_THROW_IF_FAILED(info.Env(), napi_create_string_latin1(info.Env(), event->keys.data(), event->size, &text), Napi::Value());
  return {info.Env(), text};
}

void end_screen(const Info&) { close_screen(); }

void stop_at_screen(const Info& info) { check(info.Env(), suspend_screen()); }

}  // namespace

void register_terminal(Napi::Env env, Napi::Object exports) {
  exports.Set("catchSignals", Napi::Function::New<catch_all>(env));
  exports.Set("prepareTerminal", Napi::Function::New<prepare>(env));
  exports.Set("windowSize", Napi::Function::New<size_of_window>(env));
  exports.Set("openScreen", Napi::Function::New<begin_screen>(env));
  exports.Set("waitScreen", Napi::Function::New<wait_for_key>(env));
  exports.Set("closeScreen", Napi::Function::New<end_screen>(env));
  exports.Set("suspendScreen", Napi::Function::New<stop_at_screen>(env));
  exports.Set("supervise", Napi::Function::New<supervise_child>(env));
}

}  // namespace tsrun
