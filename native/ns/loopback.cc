#include "ns/loopback.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "base/fd.h"

namespace tsrun {

Status loopback(Context&, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  // any socket will do: the request is about devices (man 7 netdevice)
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return failed("make a socket for the device", "lo");
  ifreq request = {};
  memcpy(request.ifr_name, "lo", sizeof "lo");
  if (ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return failed("ask for the flags of the device", "lo");
  request.ifr_flags |= IFF_UP;
  if (ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return failed("bring up the device", "lo");
  return {};
}

}  // namespace tsrun
