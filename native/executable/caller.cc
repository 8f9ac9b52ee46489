#include "executable/caller.h"

#include <dirent.h>
#include <fcntl.h>
#include <napi.h>
#include <quickjs.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "addon/values.h"
#include "engine/env.h"
#include "executable/prepared.h"
#include "executable/scripts.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

Status fill_standard_descriptors() {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // the lowest free number is taken, and all below are in use
    if (open("/dev/null", O_RDWR) != fd) return failed("open", "/dev/null");
  }
  return {};
}

// The last part of argv[0].
std::string_view name_of(const Caller& caller) {
  const char* name = caller.argc > 0 ? caller.argv[0] : "";
  if (const char* slash = strrchr(name, '/'); slash != nullptr) name = slash + 1;
  return *name == 0 ? "tsrun" : name;
}

// The descriptors from 3 on that the caller left open, ascending: those that are not close-on-exec. Ours all are, from birth, and a
// caller's that are would not have come through execve(2).
Napi::Value inherited(const Info& info) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), closedir);
  if (directory == nullptr) check(info.Env(), failed("open", "/proc/self/fd"));
  auto list = Napi::Array::New(info.Env());
  uint32_t count = 0;
  // procfs lists them in ascending order
  for (const dirent* entry = readdir(directory.get()); entry != nullptr; entry = readdir(directory.get())) {
    if (entry->d_name[0] == '.') continue;
    const auto fd = static_cast<int>(strtol(entry->d_name, nullptr, 10));
    const int flags = fd <= 2 ? -1 : fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) list.Set(count++, static_cast<double>(fd));
  }
  return list;
}

Napi::Value environment(const Info& info) {
  auto object = Napi::Object::New(info.Env());
  for (char** entry = environ; *entry != nullptr; entry++) {
    const char* equals = strchr(*entry, '=');
    if (equals == nullptr) continue;
    const auto name = Napi::String::New(info.Env(), *entry, static_cast<size_t>(equals - *entry));
    // the first of two is what getenv(3) finds
    if (!object.HasOwnProperty(name)) object.Set(name, Napi::String::New(info.Env(), equals + 1));
  }
  return object;
}

Napi::Value variable(const Info& info) {
  const char* value = getenv(text_at(info, 0).c_str());
  if (value == nullptr) return info.Env().Undefined();
  return Napi::String::New(info.Env(), value);
}

Napi::Value program(const Info& info) {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length < 0) check(info.Env(), failed("readlink", "/proc/self/exe"));
  return Napi::String::New(info.Env(), path, static_cast<size_t>(length));
}

Napi::Value exists(const Info& info) { return Napi::Boolean::New(info.Env(), access(text_at(info, 0).c_str(), F_OK) == 0); }

Napi::Value lines(const Info& info) {
  std::string_view found;
  if (heap_is_mapped()) {
    found = heap_lines();
  } else if (const int place = find_script(text_at(info, 0)); place >= 0) {
    const Bytes bytes = script_at(place).lines;
    found = {reinterpret_cast<const char*>(bytes.begin), bytes.size};
  }
  return Napi::String::New(info.Env(), found.data(), found.size());
}

}  // namespace

Status record_caller(int argc, char** argv, Caller& caller) {
  TSRUN_TRY(fill_standard_descriptors());
  caller.argc = argc;
  caller.argv = argv;
  caller.has_cwd = getcwd(caller.cwd, sizeof caller.cwd) != nullptr && caller.cwd[0] == '/';
  if (chdir("/") != 0) return failed("chdir", "/");
  return {};
}

napi_value register_caller(napi_env raw, napi_value exports) {
  const Napi::Env env(raw);
  Napi::Object object(env, exports);
  // what differs from call to call
  for (const char* name : {"name", "args", "cwd"}) object.Set(name, env.Null());
  object.Set("inherited", Napi::Function::New<inherited>(env));
  object.Set("environment", Napi::Function::New<environment>(env));
  object.Set("variable", Napi::Function::New<variable>(env));
  object.Set("program", Napi::Function::New<program>(env));
  object.Set("lines", Napi::Function::New<lines>(env));
  object.Set("exists", Napi::Function::New<exists>(env));
  return exports;
}

bool tell_caller(JSContext* context, JSValueConst executable, const Caller& caller) {
  const auto text = [&](std::string_view of) { return engine::utf8_string(context, of.data(), of.size()); };
  const auto set = [&](const char* name, JSValue value) {
    return !JS_IsException(value) && JS_SetPropertyStr(context, executable, name, value) >= 0;
  };
  JSValue args = JS_NewArray(context);
  if (!set("args", JS_DupValue(context, args))) return false;
  const engine::Local held(context, args);
  for (int i = 1; i < caller.argc; i++) {
    JSValue word = text(caller.argv[i]);
    if (JS_IsException(word) || JS_SetPropertyUint32(context, args, static_cast<uint32_t>(i - 1), word) < 0) return false;
  }
  return set("name", text(name_of(caller))) && set("cwd", caller.has_cwd ? text(caller.cwd) : JS_NULL);
}

}  // namespace tsrun
