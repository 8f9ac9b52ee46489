// Processes for TypeScript: find, signal, wait for and run them.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "addon/values.h"
#include "base/run.h"
#include "process/caught_signals_host.h"
#include "process/notify_host.h"
#include "process/pidfd_host.h"
#include "process/stat_host.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

// argv or envp for execve: points into `texts`.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (auto& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

uint64_t decimal_at(const Info& info, size_t index) {
  const std::string text = text_at(info, index);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Napi::TypeError::New(info.Env(), "argument " + std::to_string(index) + " is not a decimal number");
  }
  return value;
}

int int_at(const Info& info, size_t index) { return static_cast<int>(number_at(info, index)); }

Napi::Value pidfd_open(const Info& info) {
  auto fd = open_pidfd(int_at(info, 0));
  check(info.Env(), fd.status());
  return Napi::Number::New(info.Env(), fd->release());
}

Napi::Value stat(const Info& info) {
  auto stat = process_stat(int_at(info, 0));
  check(info.Env(), stat.status());
  if (!stat->has_value()) return info.Env().Null();
  auto object = Napi::Object::New(info.Env());
  object.Set("startTime", (*stat)->start_time);
  object.Set("state", std::string(1, (*stat)->state));
  return object;
}

Napi::Value exe(const Info& info) {
  const auto exe = process_exe(int_at(info, 0));
  if (!exe) return info.Env().Null();
  return Napi::String::New(info.Env(), *exe);
}

void signal_pidfd(const Info& info) { check(info.Env(), send_signal(int_at(info, 0), int_at(info, 1))); }

Napi::Value wait(const Info& info) {
  auto ended = wait_pidfd(int_at(info, 0), int_at(info, 1));
  check(info.Env(), ended.status());
  return Napi::Boolean::New(info.Env(), *ended);
}

Napi::Value reap_pidfd(const Info& info) {
  auto status = reap(int_at(info, 0));
  check(info.Env(), status.status());
  return Napi::Number::New(info.Env(), *status);
}

Napi::Value run_hook(const Info& info) {
  const auto request = info[0].As<Napi::Object>();
  const std::string path = text_of(request, "path");
  const std::string cwd = text_of(request, "cwd");
  const std::string input = text_of(request, "input");
  auto args = texts_of(request, "args");
  auto env = texts_of(request, "env");
  if (args.empty()) args.push_back(path);
  const auto argv = pointers(args);
  const auto envp = pointers(env);

  Program program;
  program.path = path.c_str();
  program.argv = argv.data();
  program.envp = envp.data();
  program.cwd = cwd.empty() ? nullptr : cwd.c_str();
  Tail err;
  Run how;
  how.input = input;
  how.timeout = static_cast<int64_t>(number_of(request, "timeout"));
  how.err = err.sink();
  if (bool_of(request, "interrupted")) how.interrupt = ending_signals();
  auto ended = run(program, how);
  check(info.Env(), ended.status());
  if (ended->interrupted) throw error_of(info.Env(), ended_by(take_ending_signal()));

  auto result = Napi::Object::New(info.Env());
  result.Set("status", ended->status);
  result.Set("timedOut", ended->timed_out);
  result.Set("stderr", std::string(err.view()));
  return result;
}

NotifyRequest notify_request(const Napi::Object& object) {
  NotifyRequest request;
  request.socket = static_cast<int>(number_of(object, "socket"));
  request.pidfd = static_cast<int>(number_of(object, "pidfd"));
  request.host = text_of(object, "host");
  request.pid = static_cast<pid_t>(number_of(object, "pid"));
  return request;
}

Napi::Value notify_bind(const Info& info) {
  auto socket = bind_notify(text_at(info, 0));
  check(info.Env(), socket.status());
  return Napi::Number::New(info.Env(), socket->release());
}

Napi::Value notify_wait(const Info& info) {
  auto ready = wait_ready(notify_request(info[0].As<Napi::Object>()));
  check(info.Env(), ready.status());
  return Napi::Boolean::New(info.Env(), *ready);
}

void notify_leave(const Info& info) {
  check(info.Env(), leave_notify_proxy(notify_request(info[0].As<Napi::Object>()), {text_at(info, 1), text_at(info, 2)}));
}

void set_limit(const Info& info) {
  const auto pid = int_at(info, 0);
  const rlimit64 limit = {decimal_at(info, 2), decimal_at(info, 3)};
  if (prlimit64(pid, static_cast<__rlimit_resource>(int_at(info, 1)), &limit, nullptr) != 0) {
    check(info.Env(), failed("set limit of process", std::to_string(pid)));
  }
}

void set_subreaper(const Info& info) {
  if (prctl(PR_SET_CHILD_SUBREAPER, bool_at(info, 0) ? 1UL : 0UL, 0, 0, 0) != 0) check(info.Env(), failed("become subreaper"));
}

// The file that a name without a slash means, by our PATH.
std::string in_path(const std::string& name) {
  const char* path = getenv("PATH");
  if (name.find('/') != std::string::npos || path == nullptr) return name;
  const std::string all = path;
  for (size_t at = 0; at <= all.size();) {
    const size_t end = std::min(all.find(':', at), all.size());
    // Not the working directory, which an empty or relative element would mean: it may be the container's bundle.
    std::string file = all.substr(at, end - at) + "/" + name;
    if (file[0] == '/' && end > at && access(file.c_str(), X_OK) == 0) return file;
    at = end + 1;
  }
  return name;
}

Napi::Value output(const Info& info) {
  const std::string path = in_path(text_at(info, 0));
  if (!info[1].IsArray()) throw Napi::TypeError::New(info.Env(), "argument 1 is not a list");
  const auto list = info[1].As<Napi::Array>();
  std::vector<std::string> args = {text_at(info, 0)};
  for (uint32_t i = 0; i < list.Length(); i++) args.push_back(list.Get(i).ToString());
  const auto argv = pointers(args);

  Program program;
  program.path = path.c_str();
  program.argv = argv.data();
  program.envp = environ;
  std::string text;
  Run how;
  how.our_stderr = true;
  how.out = {[](void* self, std::string_view piece) { static_cast<std::string*>(self)->append(piece); }, &text};
  auto ended = run(program, how);
  check(info.Env(), ended.status());
  if (ended->status != 0) check(info.Env(), {kNoErrorWords, path + ": exit status " + std::to_string(ended->status)});
  return Napi::String::New(info.Env(), text);
}

// A caller that ignores SIGCHLD would have the kernel reap our children and their status with them (man 2 waitid).
void keep_children() {
  struct sigaction action = {};
  if (sigaction(SIGCHLD, nullptr, &action) != 0) return;
  const bool ignored = (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
  if (!ignored && (action.sa_flags & SA_NOCLDWAIT) == 0) return;
  if (ignored) action.sa_handler = SIG_DFL;
  action.sa_flags &= ~SA_NOCLDWAIT;
  sigaction(SIGCHLD, &action, nullptr);
}

}  // namespace

void register_processes(Napi::Env env, Napi::Object exports) {
  keep_children();
  exports.Set("pidfdOpen", Napi::Function::New<pidfd_open>(env));
  exports.Set("processStat", Napi::Function::New<stat>(env));
  exports.Set("processExe", Napi::Function::New<exe>(env));
  exports.Set("signal", Napi::Function::New<signal_pidfd>(env));
  exports.Set("waitPidfd", Napi::Function::New<wait>(env));
  exports.Set("reap", Napi::Function::New<reap_pidfd>(env));
  exports.Set("runHook", Napi::Function::New<run_hook>(env));
  exports.Set("bindNotify", Napi::Function::New<notify_bind>(env));
  exports.Set("waitReady", Napi::Function::New<notify_wait>(env));
  exports.Set("leaveNotifyProxy", Napi::Function::New<notify_leave>(env));
  exports.Set("setLimit", Napi::Function::New<set_limit>(env));
  exports.Set("setSubreaper", Napi::Function::New<set_subreaper>(env));
  exports.Set("output", Napi::Function::New<output>(env));
}

}  // namespace tsrun
