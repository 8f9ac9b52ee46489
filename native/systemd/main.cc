// tsrun-systemd: talks to a service manager for tsrun by systemd's own library, which a static program cannot load.
//
// It is started for one such conversation with an empty environment, in the root directory, and with nothing open but a SOCK_SEQPACKET
// socket to tsrun as descriptors 0, 1 and 2: what the dynamic loader or the library has to say goes there too, and is no piece of a
// message. It does what it is asked, one thing after the other (systemd/requests.h), and keeps nothing but the connection. It
// ends when its socket does; when tsrun ends in the middle of a call, by the signal that it was given for that.

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/pieces.h"
#include "systemd/requests.h"

namespace tsrun {
namespace {

bool is_ours() {
  int domain = 0;
  int type = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) return false;
  size = sizeof type;
  return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

int converse() {
  if (!is_ours()) {
    static constexpr std::string_view kUsage = "tsrun-systemd is started by tsrun\n";
    (void)!write(STDERR_FILENO, kUsage.data(), kUsage.size());
    return 2;
  }
  // Executed by descriptor, it is named after that.
  prctl(PR_SET_NAME, "tsrun-systemd");
  Bus bus;
  Buffer request;
  Buffer reply;
  for (;;) {
    if (const auto status = receive_pieces(STDIN_FILENO, request, nullptr); !status.ok()) return status.err() == ECONNRESET ? 0 : 1;
    answer(bus, request.view(), reply);
    if (!send_pieces(STDIN_FILENO, reply.view()).ok()) return 1;
  }
}

}  // namespace
}  // namespace tsrun

// Without the C library's own end: there is nothing to be put in order.
int main() { _exit(tsrun::converse()); }
