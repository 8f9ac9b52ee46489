// Network devices and their addresses, and which network namespace they are in (man 7 rtnetlink). A `socket` sees one namespace.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

struct NetDevice {
  int index = 0;
  std::string name;
  bool up = false;
  std::string address;  // of the link (MAC), in bytes
};

struct NetAddress {
  int family = 0;
  int scope = 0;           // RT_SCOPE_*
  bool permanent = false;  // IFA_F_PERMANENT
  std::string request;     // what gives it to a device again: the body of RTM_NEWADDR
};

// A socket for rtnetlink in the network namespace with that descriptor, or in ours for -1.
Result<Fd> open_rtnetlink(int netns);

// The device with that name, or where `name` is empty with that index; nothing if there is none.
Result<std::optional<NetDevice>> find_net_device(int socket, const std::string& name, int index);

// The addresses of the device with that index; `name` is for the error.
Result<std::vector<NetAddress>> net_addresses(int socket, int index, const std::string& name);

struct NetDeviceMove {
  int index = 0;
  int netns = -1;
  std::string new_name;  // with `%d` the kernel puts a number there
  int new_index = 0;     // Linux 5.13
};

// Moves the device, down, and renames it there. When it fails the device may have been moved all the same: the kernel renames last.
Status move_net_device(int socket, const NetDeviceMove& move, const std::string& name);

// Gives an address that `net_addresses` found to the device with that index.
Status add_net_address(int socket, int index, const std::string& request, const std::string& name);

Status set_net_device_up(int socket, int index, const std::string& name);

}  // namespace tsrun
