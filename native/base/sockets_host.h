// Unix sockets of the host side: start, console, passing descriptors (man 7 unix).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

// What ends a wait but the thing waited for.
struct Wait {
  int timeout = -1;   // milliseconds; -1: never
  int pidfd = -1;     // the end of that process
  bool ends = false;  // a signal that is to end us (process/caught_signals_host.h)
};

// A listening SOCK_SEQPACKET socket at `path`, which may be longer than sun_path holds; mode 0600.
Result<Fd> listen_at(const std::string& path);

// A socket of `type` bound to `path`, which may be longer than sun_path holds; `mode` less the umask.
Result<Fd> bind_at(const std::string& path, int type, mode_t mode);

// Connects to the socket at `path`; `type` is SOCK_STREAM or SOCK_SEQPACKET.
Result<Fd> connect_to(const std::string& path, int type);

// Connects to the SOCK_STREAM socket at a path that the caller names; refuses what another user planted (open_named). Whose other end takes
// no more connections is waited for; kNoErrorWords when a signal is to end us.
Result<Fd> connect_to_named(const std::string& path);

// Sends `fd` with `text` as the message, which is not empty. EPIPE when the process of `wait` is gone, kNoErrorWords when a signal is to
// end us; without a timeout.
Status send_fd(int socket, int fd, const std::string& text, const Wait& wait);

// Receives one descriptor. EAGAIN after `timeout` ms (-1: for ever), ECONNRESET when the peer is gone.
Result<Fd> receive_fd(int socket, int timeout);

// All of `text` to what may be a pipe, terminal or socket that nobody reads: that is waited for, also where it is non-blocking. False when
// a signal is to end us, which stays for who ends by it, or one has and nobody reads for a second. `what` is for the error.
Result<bool> write_or_end(int fd, std::string_view text, const std::string& what);

// An answer for init in pieces (base/conversation.h). EPIPE when it is gone, kNoErrorWords when a signal is to end us; without a timeout.
Status send_reply(int socket, const std::string& text, const Wait& wait);

struct Received {
  std::string text;
  int sender = -1;   // its pid in our pid namespace, as the kernel says (SCM_CREDENTIALS); -1 where the socket does not ask for it
  Fd fd;             // what came with it
  bool end = false;  // it is gone, and there is nothing more to hear of it
};

// One message from init, at most 4 KiB. EAGAIN after the timeout; kNoErrorWords when a signal is to end us.
Result<Received> receive_message(int socket, const Wait& wait);

}  // namespace tsrun
