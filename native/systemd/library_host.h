// libsystemd, for sd-bus (man 3 sd-bus): opened when it is first needed, so that a start without systemd pays nothing and a host
// without systemd lacks nothing.
#pragma once

#include <systemd/sd-bus.h>

#include "base/status.h"

namespace tsrun {

// The functions that are used, by their names without `sd_`.
struct Systemd {
  decltype(&sd_bus_new) bus_new;
  decltype(&sd_bus_set_address) bus_set_address;
  decltype(&sd_bus_set_bus_client) bus_set_bus_client;
  decltype(&sd_bus_start) bus_start;
  decltype(&sd_bus_flush_close_unref) bus_flush_close_unref;
  decltype(&sd_bus_call) bus_call;
  decltype(&sd_bus_process) bus_process;
  decltype(&sd_bus_wait) bus_wait;
  decltype(&sd_bus_match_signal_async) bus_match_signal_async;
  decltype(&sd_bus_slot_unref) bus_slot_unref;
  decltype(&sd_bus_error_free) bus_error_free;
  decltype(&sd_bus_message_new_method_call) bus_message_new_method_call;
  decltype(&sd_bus_message_unref) bus_message_unref;
  decltype(&sd_bus_message_append_basic) bus_message_append_basic;
  decltype(&sd_bus_message_append_array) bus_message_append_array;
  decltype(&sd_bus_message_open_container) bus_message_open_container;
  decltype(&sd_bus_message_close_container) bus_message_close_container;
  decltype(&sd_bus_message_read_basic) bus_message_read_basic;
  decltype(&sd_bus_message_enter_container) bus_message_enter_container;
  decltype(&sd_bus_message_exit_container) bus_message_exit_container;
  decltype(&sd_bus_message_peek_type) bus_message_peek_type;
};

// A failure in the loader's words when there is none.
Result<const Systemd*> systemd();

}  // namespace tsrun
