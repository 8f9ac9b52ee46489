// The N-API door: everything src/native.ts declares.
#include "addon/values.h"

namespace {

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  tsrun::register_files(env, exports);
  tsrun::register_paths(env, exports);
  tsrun::register_machine(env, exports);
  tsrun::register_init(env, exports);
  tsrun::register_conversation(env, exports);
  tsrun::register_processes(env, exports);
  tsrun::register_terminal(env, exports);
  tsrun::register_cgroups(env, exports);
  tsrun::register_net_devices(env, exports);
  tsrun::register_systemd(env, exports);
  tsrun::register_seccomp(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(tsrun, initialise)
