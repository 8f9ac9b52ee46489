// Who and where we are, for TypeScript.
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "addon/values.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

void leave(const Info& info) { _exit(static_cast<int>(number_at(info, 0))); }

void sleep(const Info& info) {
  const int64_t milliseconds = number_at(info, 0);
  if (milliseconds <= 0) return;
  timespec left = {milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

Napi::Value architecture(const Info& info) {
#if defined(__x86_64__)
  return Napi::String::New(info.Env(), "x86_64");
#elif defined(__aarch64__)
  return Napi::String::New(info.Env(), "aarch64");
#else
#error "tsrun supports x86_64 and aarch64"
#endif
}

Napi::Value identity(const Info& info) {
  auto result = Napi::Object::New(info.Env());
  result.Set("pid", static_cast<double>(getpid()));
  result.Set("uid", static_cast<double>(getuid()));
  result.Set("euid", static_cast<double>(geteuid()));
  result.Set("gid", static_cast<double>(getgid()));
  result.Set("egid", static_cast<double>(getegid()));
  return result;
}

// Capability numbers stay below 64; the kernel says EINVAL beyond its last (man 2 prctl, PR_CAPBSET_READ).
Napi::Value capabilities(const Info& info) {
  uint64_t bounding = 0;
  int last = -1;
  for (int capability = 0; capability < 64; capability++) {
    const int has = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (has < 0) break;
    last = capability;
    bounding |= static_cast<uint64_t>(has) << capability;
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("bounding", std::to_string(bounding));
  result.Set("last", static_cast<double>(last));
  return result;
}

Napi::Value error_words(const Info& info) { return Napi::String::New(info.Env(), error_text(static_cast<int>(number_at(info, 0)))); }

Napi::Value now(const Info& info) {
  struct timespec time = {};
  clock_gettime(CLOCK_REALTIME, &time);
  // gmtime_r(3) and strftime(3) would read /etc/localtime, whatever they are asked for (tzset).
  const std::chrono::sys_seconds second{std::chrono::seconds{time.tv_sec}};
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{second - day};
  char text[96];
  snprintf(text, sizeof text, "%04d-%02u-%02uT%02ld:%02ld:%02ld.%09ldZ", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
           static_cast<unsigned>(date.day()), static_cast<long>(clock.hours().count()), static_cast<long>(clock.minutes().count()),
           static_cast<long>(clock.seconds().count()), time.tv_nsec);
  return Napi::String::New(info.Env(), text);
}

}  // namespace

void register_machine(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) { exports.Set(name, Napi::Function::New(env, function, name)); };
  add("exit", leave);
  add("sleep", sleep);
  add("architecture", architecture);
  add("identity", identity);
  add("errorText", error_words);
  add("capabilities", capabilities);
  add("now", now);
}

}  // namespace tsrun
