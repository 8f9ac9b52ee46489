// A connection to a D-Bus bus, or straight to a service manager, by way of sd-bus.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "systemd/library_host.h"

namespace tsrun {

struct MessageCloser {
  const Systemd* library = nullptr;
  void operator()(sd_bus_message* message) const { library->bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, MessageCloser>;

// What a method call came to: a reply, or an error of D-Bus by name. `job`: how the job that it started ended.
struct Reply {
  Message message;
  std::string error;
  std::string words;
  std::string job;
};

class Bus {
 public:
  // `direct`: the other end is the service itself, and there is no bus between that knows names.
  static Result<std::unique_ptr<Bus>> connect(const std::string& address, bool direct);
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  [[nodiscard]] const Systemd& library() const { return *library_; }
  Result<Message> method(const char* destination, const char* path, const char* interface, const char* member);
  // Waits at most `timeout` milliseconds for the reply.
  Result<Reply> call(sd_bus_message* message, int timeout);
  // A call that returns a job of systemd: also waits for its end, at most as long again. `job` is empty when the time is over.
  Result<Reply> call_for_job(sd_bus_message* message, int timeout);

 private:
  Bus(const Systemd* library, sd_bus* bus) : library_(library), bus_(bus) {}

  const Systemd* library_;
  sd_bus* bus_;
};

}  // namespace tsrun
