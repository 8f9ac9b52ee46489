// JS values in and out. Only native/addon knows them.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "base/status.h"

namespace tsrun {

// An Error with `errno` (number), `code` ("ENOENT") and `doing` (what was done on which object); message = both in words.
Napi::Error error_of(Napi::Env env, const Status& status);

// errno in words, in lower case.
std::string error_text(int err);

// Throws when the status is a failure.
inline void check(Napi::Env env, const Status& status) {
  if (!status.ok()) throw error_of(env, status);
}

// Argument `index`, or a TypeError.
std::string text_at(const Napi::CallbackInfo& info, size_t index);
int64_t number_at(const Napi::CallbackInfo& info, size_t index);
bool bool_at(const Napi::CallbackInfo& info, size_t index);

// Property `name` of an object, or a TypeError.
std::string text_of(const Napi::Object& object, const char* name);
int64_t number_of(const Napi::Object& object, const char* name);
bool bool_of(const Napi::Object& object, const char* name);
std::vector<std::string> texts_of(const Napi::Object& object, const char* name);
std::vector<int> descriptors_of(const Napi::Object& object, const char* name);

// One function a room: each adds its functions to the addon's exports.
void register_files(Napi::Env env, Napi::Object exports);
void register_paths(Napi::Env env, Napi::Object exports);
void register_machine(Napi::Env env, Napi::Object exports);
void register_init(Napi::Env env, Napi::Object exports);          // spawn tsrun-init
void register_conversation(Napi::Env env, Napi::Object exports);  // and talk to it
void register_processes(Napi::Env env, Napi::Object exports);     // pidfds, hooks, signals, limits
void register_terminal(Napi::Env env, Napi::Object exports);      // the foreground: pty, signals, exit status
void register_cgroups(Napi::Env env, Napi::Object exports);
void register_net_devices(Napi::Env env, Napi::Object exports);
void register_systemd(Napi::Env env, Napi::Object exports);  // talk to tsrun-systemd
void register_seccomp(Napi::Env env, Napi::Object exports);

}  // namespace tsrun
