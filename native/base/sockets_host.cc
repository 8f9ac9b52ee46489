#include "base/sockets_host.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/named_file_host.h"

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

Status wait_readable(int fd, int timeout) {
  pollfd waiting = {fd, POLLIN, 0};
  for (;;) {
    const int ready = poll(&waiting, 1, timeout);
    if (ready > 0) return {};
    if (ready == 0) return {EAGAIN, "wait for a message"};
    if (errno != EINTR) return failed("poll");
  }
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
  auto connected = connect_to("/proc/self/fd/" + std::to_string(socket.value().get()), SOCK_STREAM);
  if (!connected.ok()) return Status(connected.status().err(), "connect to", path);
  return connected;
}

Status send_fd(int socket, int fd, const std::string& text) {
  iovec data = {const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) return failed("send a descriptor");
  return {};
}

Result<Fd> receive_fd(int socket, int timeout) {
  TSRUN_TRY(wait_readable(socket, timeout));
  char text[4096];
  iovec data = {text, sizeof text};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (length < 0) return failed("receive a descriptor");
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    int fd = -1;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return Fd(fd);
  }
  return Status(ECONNRESET, "receive a descriptor");
}

Status send_reply(int socket, const std::string& text) {
  size_t at = 0;
  do {
    const size_t length = std::min(kPiece, text.size() - at);
    const bool last = at + length == text.size();
    const std::string piece = (last ? "." : "+") + text.substr(at, length);
    if (send(socket, piece.data(), piece.size(), MSG_NOSIGNAL) < 0) return failed("answer tsrun-init");
    at += length;
  } while (at < text.size());
  return {};
}

Result<Received> receive_message(int socket, int timeout) {
  TSRUN_TRY(wait_readable(socket, timeout));
  char text[4096];
  iovec data = {text, sizeof text};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t length;
  do {
    length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (length < 0 && errno == EINTR);
  if (length < 0 && errno != ECONNRESET) return failed("listen to tsrun-init");
  Received received;
  received.text.assign(text, length < 0 ? 0 : static_cast<size_t>(length));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials = {};
      memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
      received.sender = credentials.pid;
    } else if (header->cmsg_type == SCM_RIGHTS) {
      int fd = -1;
      memcpy(&fd, CMSG_DATA(header), sizeof fd);
      received.fd.reset(fd);
    }
  }
  return received;
}

}  // namespace tsrun
