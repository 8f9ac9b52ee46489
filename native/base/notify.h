// Forwards a container's messages of sd_notify(3) to the service manager.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

// Neither the container, by what it sends, nor a manager that does not read keeps who uses this: nothing here waits, but where it says how
// long. While the manager has no room for a message nothing more is taken from the container, whose own queue then fills.
class Notifier {
 public:
  // `host` is NOTIFY_SOCKET as the caller gave it: an absolute path, or `@` and an abstract name. `main` becomes MAINPID. With
  // `sender` what we send is from that process, as far as we may say so (CAP_SYS_ADMIN, man 7 unix): the manager then takes it
  // as sent by the service's main process (NotifyAccess=main, man 5 systemd.service).
  Status open(std::string_view host, pid_t main, pid_t sender = 0);

  // What to wait for before the next `drain`: a message at `socket`, or room at the manager's.
  [[nodiscard]] pollfd watch(int socket) const;

  // Passes on what there is now, a bounded number of messages and none behind READY=1: whether that was among it. Forwarded are all
  // assignments but those of descriptors, access and pids, which are other numbers in the container. Without a manager a message is lost.
  bool drain(int socket);

  // The same for what is left once the container has ended; takes a second at most.
  bool finish(int socket);

  // Returns once the manager has read all of ours, after 5 s at the latest: it looks up who sent a message, so the sender should
  // still be there (man 3 sd_notify_barrier).
  void barrier();

 private:
  static constexpr size_t kLargest = 4096;  // what systemd reads of one message

  enum class Taken { kNothing, kPassed, kReady, kHeld };

  Taken take(int socket);
  Taken pass();
  bool send(std::string_view text, int fd = -1);

  sockaddr_un address_ = {};
  socklen_t size_ = 0;
  pid_t main_ = 0;
  pid_t sender_ = 0;
  Fd manager_;                   // connected to it while a message waits for room there
  Text<kLargest + 64> message_;  // that one; empty: none
  bool ready_ = false;           // it says READY=1
};

}  // namespace tsrun
