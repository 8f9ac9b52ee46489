// Forwards a container's messages of sd_notify(3) to the service manager.
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
  // as sent by the service's main process (NotifyAccess=main, man 5 systemd.service).
  Status open(std::string_view host, pid_t main, pid_t sender = 0);

  // Takes one message from `socket`, non-blocking. Forwarded are all assignments but those of
  // descriptors, access and pids, which are other numbers in the container. Without a manager the message is lost.
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
