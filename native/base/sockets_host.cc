#include "base/sockets_host.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>

#include "base/named_file_host.h"
#include "base/receive_fds.h"
#include "process/caught_signals_host.h"

namespace tsrun {
namespace {

constexpr size_t kPiece = 32768;

// An address for a path of any length: by way of its folder's descriptor where sun_path is too short.
struct Address {
  sockaddr_un value = {};
  Fd folder;
};

Result<Address> address_of(const std::string& path) {
  Address address;
  address.value.sun_family = AF_UNIX;
  std::string text = path;
  if (text.size() >= sizeof address.value.sun_path) {
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    address.folder.reset(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.folder.valid()) return failed("open", folder);
    text = "/proc/self/fd/" + std::to_string(address.folder.get()) + "/" + path.substr(slash + 1);
    if (text.size() >= sizeof address.value.sun_path) return Status(ENAMETOOLONG, "use the socket", path);
  }
  memcpy(address.value.sun_path, text.c_str(), text.size() + 1);
  return address;
}

enum class Came { kReady, kEnded, kSignal };

// Waits until the descriptor is ready for `events`, or what else can end the wait has come. The descriptor first: who has said something
// before he ended is heard. A signal is left to be taken.
Result<Came> watch(int socket, short events, const Wait& wait) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    // Signals that end nothing do not make it longer.
    const auto gone = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
    const int timeout = wait.timeout < 0 ? -1 : static_cast<int>(std::max<int64_t>(0, wait.timeout - gone));
    const int grace = wait.ends ? ending_grace() : -1;
    pollfd watched[3] = {{socket, events, 0}, {wait.pidfd, POLLIN, 0}, {wait.ends && grace < 0 ? ending_signals() : -1, POLLIN, 0}};
    const bool ending = grace >= 0 && (timeout < 0 || grace <= timeout);
    const int ready = poll(watched, 3, ending ? grace : timeout);
    if (ready == 0) {
      if (!ending) return Status(EAGAIN, "wait for a message");
      return Came::kSignal;
    }
    if (ready < 0) {
      if (errno == EINTR) continue;
      return failed("poll");
    }
    if (watched[0].revents != 0) return Came::kReady;
    if (watched[1].revents != 0) return Came::kEnded;
  }
}

// The same; a signal is taken and ends us.
Result<Came> attend(int socket, short events, const Wait& wait) {
  auto came = watch(socket, events, wait);
  if (came.ok() && came.value() == Came::kSignal) return ended_by(take_ending_signal());
  return came;
}

// Milliseconds for a reader, when a signal has ended us.
constexpr int kLastWords = 1000;

// For how long a connect may wait at a time. A signal that ends us cuts it short (man 7 signal: with SO_SNDTIMEO it is not restarted),
// unless it came right before, or to another thread of an engine's.
constexpr int kConnectAtATime = 1000;

Status set_send_timeout(int socket, int milliseconds) {
  const timeval timeout = {milliseconds / 1000, milliseconds % 1000 * 1000L};
  if (setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0) return failed("setsockopt SO_SNDTIMEO");
  return {};
}

// Connects a non-blocking socket, which then blocks; where as many connections wait as the other end lets wait, as soon as it takes one, or
// not, when a signal is to end us. poll(2) does not tell of a connection that is yet to be asked for, so it is connect(2) that waits.
Status connect_or_end(int socket, const sockaddr_un& address, const std::string& path) {
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  int connected = connect(socket, where, sizeof address);
  const bool full = connected != 0 && errno == EAGAIN;
  if (connected != 0 && !full) return failed("connect to", path);
  if (fcntl(socket, F_SETFL, 0) != 0) return failed("fcntl");
  if (!full) return {};
  while (connected != 0) {
    const int grace = ending_grace();
    if (grace == 0) return ended_by(take_ending_signal());
    TSRUN_TRY(set_send_timeout(socket, grace > 0 ? grace : kConnectAtATime));
    connected = connect(socket, where, sizeof address);
    if (connected != 0 && errno != EINTR && errno != EAGAIN) return failed("connect to", path);
  }
  // 0: none
  return set_send_timeout(socket, 0);
}

}  // namespace

Result<Fd> bind_at(const std::string& path, int type, mode_t mode) {
  auto address = address_of(path);
  TSRUN_TRY(address.status());
  Fd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return failed("socket");
  // The inode takes its mode from the socket's (Linux): no window in which others may connect.
  if (fchmod(fd.get(), mode) != 0) return failed("chmod", path);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address->value), sizeof address->value) != 0) return failed("bind", path);
  return fd;
}

Result<Fd> listen_at(const std::string& path) {
  auto fd = bind_at(path, SOCK_SEQPACKET, 0600);
  TSRUN_TRY(fd.status());
  if (listen(fd->get(), 8) != 0) return failed("listen", path);
  return fd;
}

Result<Fd> connect_to(const std::string& path, int type) {
  auto address = address_of(path);
  TSRUN_TRY(address.status());
  Fd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return failed("socket");
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address->value), sizeof address->value) != 0) return failed("connect to", path);
  return fd;
}

Result<Fd> connect_to_named(const std::string& path) {
  const auto socket = open_named(path);
  if (!socket.ok()) return socket.status().err() == EACCES ? socket.status() : Status(socket.status().err(), "connect to", path);
  // What was looked at, and nothing that has taken its name since.
  const auto address = address_of("/proc/self/fd/" + std::to_string(socket.value().get()));
  TSRUN_TRY(address.status());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return failed("socket");
  TSRUN_TRY(connect_or_end(fd.get(), address.value().value, path));
  return fd;
}

Status send_fd(int socket, int fd, const std::string& text, const Wait& wait) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  // A stream takes a long text in parts; the descriptor goes with the first one.
  for (size_t at = 0; at < text.size();) {
    iovec data = {const_cast<char*>(text.data()) + at, text.size() - at};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (at == 0) {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int));
      memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    const ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      at += static_cast<size_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return failed("send a descriptor");
    const auto came = attend(socket, POLLOUT, wait);
    TSRUN_TRY(came.status());
    if (came.value() == Came::kEnded) return {EPIPE, "send a descriptor"};
  }
  return {};
}

Result<Fd> receive_fd(int socket, int timeout) {
  TSRUN_TRY(attend(socket, POLLIN, {timeout}).status());
  char text[4096];
  auto message = receive_with_fd(socket, text, sizeof text, 0, "receive a descriptor");
  TSRUN_TRY(message.status());
  if (!message->fd.valid()) return Status(ECONNRESET, "receive a descriptor");
  return std::move(message->fd);
}

Result<bool> write_or_end(int fd, std::string_view text, const std::string& what) {
  bool socket = true;
  bool full = false;
  while (!text.empty()) {
    // A pipe that can be written to takes PIPE_BUF bytes without a wait (man 7 pipe).
    const bool careful = ending_signals() >= 0 || has_ended();
    if (careful || full) {
      const auto came = watch(fd, POLLOUT, {has_ended() ? kLastWords : -1, -1, true});
      if (came.status().err() == EAGAIN) return false;
      TSRUN_TRY(came.status());
      if (came.value() == Came::kSignal) return false;
    }
    const size_t size = careful ? std::min<size_t>(text.size(), PIPE_BUF) : text.size();
    const ssize_t length = socket ? send(fd, text.data(), size, MSG_NOSIGNAL) : write(fd, text.data(), size);
    full = length < 0 && errno == EAGAIN;
    if (length >= 0) {
      text.remove_prefix(static_cast<size_t>(length));
    } else if (errno == ENOTSOCK && socket) {
      socket = false;
    } else if (errno != EINTR && !full) {
      return failed("write", what);
    }
  }
  return true;
}

Status send_reply(int socket, const std::string& text, const Wait& wait) {
  size_t at = 0;
  do {
    const size_t length = std::min(kPiece, text.size() - at);
    const bool last = at + length == text.size();
    const std::string piece = (last ? "." : "+") + text.substr(at, length);
    // Who has stopped the other end has not stopped us: a full queue is waited for like a message.
    while (send(socket, piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return failed("answer tsrun-init");
      auto came = attend(socket, POLLOUT, wait);
      TSRUN_TRY(came.status());
      if (*came == Came::kEnded) return {EPIPE, "answer tsrun-init"};
    }
    at += length;
  } while (at < text.size());
  return {};
}

Result<Received> receive_message(int socket, const Wait& wait) {
  auto came = attend(socket, POLLIN, wait);
  TSRUN_TRY(came.status());
  char text[4096];
  auto message = receive_with_fd(socket, text, sizeof text, MSG_DONTWAIT, "listen to tsrun-init");
  Received received;
  if (!message.ok()) {
    const int err = message.status().err();
    // ECONNRESET: gone with something of ours unread. It may have spoken between our looking at the socket and at the process; where it has
    // not, whoever still has its end of the conversation is not it.
    received.end = err == ECONNRESET || (err == EAGAIN && *came == Came::kEnded);
    if (received.end) return received;
    return message.status();
  }
  // What is sent has a sender, even if it is nothing.
  received.end = message->length == 0 && message->sender < 0;
  received.text.assign(text, message->length);
  received.sender = message->sender;
  received.fd = std::move(message->fd);
  return received;
}

}  // namespace tsrun
