#include "systemd/library_host.h"

#include <dlfcn.h>

namespace tsrun {
namespace {

// Opens the library and finds every function of it that is asked for.
class Loader {
 public:
  Loader() : handle_(dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) status_ = lacking();
  }
  template <class F>
  void find(F& function, const char* name) {
    if (!status_.ok()) return;
    function = reinterpret_cast<F>(dlsym(handle_, name));
    if (function == nullptr) status_ = lacking();
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  static Status lacking() {
    const char* words = dlerror();
    return {kNoErrorWords, "systemd's library is needed to talk to systemd:", words == nullptr ? "libsystemd.so.0" : words};
  }
  void* handle_;
  Status status_;
};

}  // namespace

Result<const Systemd*> systemd() {
  static Systemd functions = {};
  static bool loaded = false;
  if (loaded) return &functions;
  Loader loader;
#define TSRUN_FIND(name) loader.find(functions.name, "sd_" #name)
  TSRUN_FIND(bus_new);
  TSRUN_FIND(bus_set_address);
  TSRUN_FIND(bus_set_bus_client);
  TSRUN_FIND(bus_start);
  TSRUN_FIND(bus_flush_close_unref);
  TSRUN_FIND(bus_call);
  TSRUN_FIND(bus_process);
  TSRUN_FIND(bus_wait);
  TSRUN_FIND(bus_match_signal_async);
  TSRUN_FIND(bus_slot_unref);
  TSRUN_FIND(bus_error_free);
  TSRUN_FIND(bus_message_new_method_call);
  TSRUN_FIND(bus_message_unref);
  TSRUN_FIND(bus_message_append_basic);
  TSRUN_FIND(bus_message_append_array);
  TSRUN_FIND(bus_message_open_container);
  TSRUN_FIND(bus_message_close_container);
  TSRUN_FIND(bus_message_read_basic);
  TSRUN_FIND(bus_message_enter_container);
  TSRUN_FIND(bus_message_exit_container);
  TSRUN_FIND(bus_message_peek_type);
#undef TSRUN_FIND
  if (!loader.status().ok()) return loader.status();
  loaded = true;
  return &functions;
}

}  // namespace tsrun
