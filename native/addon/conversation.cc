// The conversation with tsrun-init for TypeScript. What is said may come from a process of the container in init's place: nothing here
// takes it for more than a text.
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>

#include "addon/values.h"
#include "base/sockets_host.h"
#include "base/syscalls.h"
#include "process/caught_signals_host.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

Napi::Value number(Napi::Env env, int64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

std::vector<std::string> fields_of(const std::string& message) {
  std::vector<std::string> fields;
  for (size_t at = 0;;) {
    const auto end = message.find('\0', at);
    fields.push_back(message.substr(at, end == std::string::npos ? end : end - at));
    if (end == std::string::npos) return fields;
    at = end + 1;
  }
}

// What init says of itself, in text, may come from a process of the container in its place: it goes to terminals and logs.
std::string words_of(const std::string& field) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string words;
  for (size_t at = 0; at < field.size(); at++) {
    const auto byte = static_cast<unsigned char>(field[at]);
    // The control characters of ASCII, and those above as UTF-8 has them (U+0080 to U+009F).
    const bool high = byte == 0xc2 && at + 1 < field.size() && (static_cast<unsigned char>(field[at + 1]) & 0xe0) == 0x80;
    if (byte >= 0x20 && byte != 0x7f && !high) {
      words += field[at];
      continue;
    }
    const auto control = high ? static_cast<unsigned char>(field[++at]) : byte;
    words += {'\\', 'x', kDigits[control >> 4], kDigits[control & 0xf]};
  }
  return words;
}

// A number that init says, in 0 to `largest`; anything else is `otherwise`.
int64_t whole_number(const std::string& field, int64_t largest, int64_t otherwise) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  const bool whole = error == std::errc() && end == field.data() + field.size();
  return whole && value >= 0 && value <= largest ? value : otherwise;
}

void set_failure(Napi::Object& result, const std::vector<std::string>& fields) {
  const Napi::Env env = result.Env();
  // 0 is no failure.
  const auto err = whole_number(fields[3], kNoErrorWords, 0);
  result.Set("step", number(env, whole_number(fields[1], INT32_MAX, 0)));
  result.Set("op", words_of(fields[2]));
  result.Set("errno", number(env, err == 0 ? EPROTO : err));
  result.Set("doing", words_of(fields[4]));
}

void set_step(Napi::Object& result, const std::vector<std::string>& fields) {
  const Napi::Env env = result.Env();
  result.Set("step", number(env, whole_number(fields[1], INT32_MAX, 0)));
  result.Set("op", words_of(fields[2]));
  result.Set("microseconds", number(env, whole_number(fields[3], INT64_MAX, 0)));
}

// Of a wait for a process in the making: its pidfd, if argument `index` is one.
Wait wait_at(const Info& info, size_t index) {
  Wait wait;
  wait.ends = info[index].IsNumber();
  if (wait.ends) wait.pidfd = static_cast<int>(number_at(info, index));
  return wait;
}

Napi::Value receive(const Info& info) {
  const Napi::Env env = info.Env();
  auto wait = wait_at(info, 2);
  wait.timeout = static_cast<int>(number_at(info, 1));
  auto message = receive_message(static_cast<int>(number_at(info, 0)), wait);
  check(env, message.status());
  auto result = Napi::Object::New(env);
  if (message->end) {
    result.Set("type", "end");
    return result;
  }
  auto fields = fields_of(message->text);
  const std::string& type = fields[0];
  bool known = true;
  if (type == "failed" && fields.size() == 5) {
    set_failure(result, fields);
  } else if (type == "step" && fields.size() == 4) {
    set_step(result, fields);
  } else if (type == "ask" && fields.size() == 2) {
    result.Set("what", words_of(fields[1]));
    if (message->fd.valid()) result.Set("fd", number(env, message->fd.release()));
  } else if ((type == "forked" && fields.size() == 1) || (type == "born" && fields.size() == 2)) {
    // It cannot be gone and its pid reused: it is our child and nobody has waited for it.
    const auto pid = static_cast<pid_t>(type == "forked" ? message->sender : whole_number(fields[1], INT32_MAX, 0));
    Fd pidfd(sys::pidfd_open(pid, 0));
    if (!pidfd.valid()) throw error_of(env, failed("pidfd_open", "the container's process"));
    result.Set("pid", number(env, pid));
    result.Set("pidfd", number(env, pidfd.release()));
  } else if (type == "listener" && fields.size() == 1 && message->fd.valid()) {
    result.Set("listener", number(env, message->fd.release()));
  } else {
    known = (type == "ready" || type == "begin") && fields.size() == 1;
  }
  result.Set("sender", number(env, message->sender));
  result.Set("type", known ? type : "unknown");
  return result;
}

void reply(const Info& info) { check(info.Env(), send_reply(static_cast<int>(number_at(info, 0)), text_at(info, 1), wait_at(info, 2))); }

void end_at(const Info& info) { check(info.Env(), end_at_signals(bool_at(info, 0), info[1].IsBoolean() && bool_at(info, 1))); }

// Messages of an init that starts: more than any plan has steps.
constexpr int kMostMessages = 100'000;

Napi::Value start_init(const Info& info) {
  const Napi::Env env = info.Env();
  const Wait wait = wait_at(info, 2);
  // Where nobody takes connections any more there may be many in front of us: not to be waited for.
  auto socket = connect_to(text_at(info, 0), SOCK_SEQPACKET | SOCK_NONBLOCK);
  check(env, socket.status());
  check(env, send_reply(socket->get(), text_at(info, 1), wait));
  auto result = Napi::Object::New(env);
  const auto fail = [&](int err, const char* doing) {
    set_failure(result, {"failed", "0", "init", std::to_string(err), doing});
    return result;
  };
  // Its end is close-on-exec: the end after "begin" means that the user's program runs.
  bool begun = false;
  for (int count = 0; count < kMostMessages; count++) {
    auto message = receive_message(socket->get(), wait);
    check(env, message.status());
    if (message->end) return begun ? env.Null() : fail(ECONNRESET, "the container's waiting process ended");
    const auto fields = fields_of(message->text);
    if (fields[0] == "failed" && fields.size() == 5) {
      set_failure(result, fields);
      return result;
    }
    if (fields[0] == "begin") begun = true;
    if (fields[0] != "step" || fields.size() != 4 || !info[3].IsFunction()) continue;
    auto step = Napi::Object::New(env);
    set_step(step, fields);
    info[3].As<Napi::Function>().Call({step.Get("step"), step.Get("op"), step.Get("microseconds")});
  }
  return fail(EPROTO, "listen to the container's waiting process");
}

}  // namespace

void register_conversation(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) { exports.Set(name, Napi::Function::New(env, function, name)); };
  add("receive", receive);
  add("reply", reply);
  add("startInit", start_init);
  add("endAtSignals", end_at);
}

}  // namespace tsrun
