// A connection to a D-Bus bus, or straight to a service manager, by way of sd-bus (man 3 sd-bus).
#pragma once

#include <systemd/sd-bus.h>

#include <memory>

#include "base/status.h"

namespace tsrun {

struct MessageCloser {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, MessageCloser>;

// What a method call came to: a reply, or an error of D-Bus by name with its words. `job`: how the job that it started ended.
struct Reply {
  Message message;
  Text<256> error;
  Text<4096> words;
  Text<64> job;
};

class Bus {
 public:
  Bus() = default;
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;
  ~Bus() { sd_bus_unref(bus_); }

  // In place of the connection that there was. `direct`: the other end is the service itself, and there is no bus between that knows
  // names.
  Status connect(const char* address, bool direct);
  // Null before `connect`.
  [[nodiscard]] sd_bus* get() const { return bus_; }
  // Waits at most `timeout` milliseconds for the reply.
  Status call(sd_bus_message* message, int timeout, Reply& reply);
  // A call that returns a job of systemd: also waits for its end, at most as long again. `job` is empty when the time is over.
  Status call_for_job(sd_bus_message* message, int timeout, Reply& reply);

 private:
  sd_bus* bus_ = nullptr;
};

}  // namespace tsrun
