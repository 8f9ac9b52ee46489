// What a container says to the service manager by sd_notify(3), passed on under our name.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/status.h"

namespace tsrun {

class Notifier {
 public:
  enum class Taken { kNothing, kPassed, kReady };

  // `host` is NOTIFY_SOCKET as the caller gave it: an absolute path, or `@` and an abstract name. `main` becomes MAINPID. With
  // `sender` what we send is from that process, as far as we may say so (CAP_SYS_ADMIN, man 7 unix): the manager then takes it
  // for the service's main process, and not for one that may say nothing.
  Status open(std::string_view host, pid_t main, pid_t sender = 0);

  // Takes one message from `socket`, non-blocking. Passed on is what the container may say of itself; not descriptors, nor who may
  // say more, nor a pid, which is another there than here. A manager that is not there loses it.
  Taken take(int socket);

  // Takes all there is: whether READY=1 was among it.
  bool drain(int socket);

  // Returns once the manager has read all of ours, after 5 s at the latest: it looks up who sent a message, so the sender should
  // still be there (man 3 sd_notify_barrier).
  void barrier();

 private:
  ssize_t send(std::string_view text, int fd = -1);

  sockaddr_un address_ = {};
  socklen_t size_ = 0;
  pid_t main_ = 0;
  pid_t sender_ = 0;
};

}  // namespace tsrun
