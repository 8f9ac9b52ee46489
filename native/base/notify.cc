#include "base/notify.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>

#include "base/fd.h"

namespace tsrun {
namespace {

constexpr size_t kLargest = 4096;  // what systemd reads of one message
constexpr int kPatience = 5;       // seconds

constexpr int kRound = 512;  // messages in one go: more than a queue holds (net.unix.max_dgram_qlen), and an end to a flood

// What a container says of itself (man 3 sd_notify), and what is anybody's. Nothing about descriptors, processes, or access.
constexpr std::string_view kPassed[] = {"READY",       "RELOADING", "STOPPING",      "MONOTONIC_USEC",     "STATUS", "ERRNO", "BUSERROR",
                                        "EXIT_STATUS", "WATCHDOG",  "WATCHDOG_USEC", "EXTEND_TIMEOUT_USEC"};

bool is_passed(std::string_view name) {
  if (name.size() > 2 && name[0] == 'X' && name[1] == '_') return true;
  for (const auto passed : kPassed) {
    if (name == passed) return true;
  }
  return false;
}

// The manager ends a line at a carriage return too, and takes backslashes out: what has such bytes can say something else to it than to us.
bool is_plain(std::string_view line) {
  for (const char byte : line) {
    if (byte == '\\' || byte == 0x7f || (static_cast<unsigned char>(byte) < 0x20 && byte != '\t')) return false;
  }
  return true;
}

}  // namespace

Status Notifier::open(std::string_view host, pid_t main, pid_t sender) {
  if (host.size() < 2 || host.size() >= sizeof address_.sun_path || (host[0] != '/' && host[0] != '@'))
    return {EINVAL, "use NOTIFY_SOCKET"};
  address_ = {};
  address_.sun_family = AF_UNIX;
  memcpy(address_.sun_path, host.data(), host.size());
  if (host[0] == '@') address_.sun_path[0] = 0;
  size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + host.size());
  main_ = main;
  sender_ = sender;
  return {};
}

ssize_t Notifier::send(std::string_view text, int fd) {
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return -1;
  // Bounded: the manager may not read.
  const timeval patience = {kPatience, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  iovec part = {const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_name = &address_;
  message.msg_namelen = size_;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
  } else if (sender_ > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(ucred));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_CREDENTIALS;
    header->cmsg_len = CMSG_LEN(sizeof(ucred));
    const ucred credentials = {sender_, getuid(), getgid()};
    memcpy(CMSG_DATA(header), &credentials, sizeof credentials);
  }
  const ssize_t sent = sendmsg(socket.get(), &message, MSG_NOSIGNAL);
  if (sent >= 0 || fd >= 0 || message.msg_control == nullptr) return sent;
  // Not permitted to send another process's credentials, or that one is gone.
  message.msg_control = nullptr;
  message.msg_controllen = 0;
  return sendmsg(socket.get(), &message, MSG_NOSIGNAL);
}

Notifier::Taken Notifier::take(int socket) {
  char data[kLargest];
  iovec part = {data, sizeof data};
  // Without room for them, the kernel closes what descriptors come along: also those of a barrier, which is then passed.
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  // The container may send anything, at any rate: the text is all that is taken of it.
  const ssize_t size = recvmsg(socket, &message, MSG_DONTWAIT);
  if (size < 0) return Taken::kNothing;
  if ((message.msg_flags & MSG_TRUNC) != 0) return Taken::kPassed;

  Text<kLargest + 64> text;
  bool ready = false;
  bool main = false;
  std::string_view rest(data, static_cast<size_t>(size));
  while (!rest.empty()) {
    const size_t end = rest.find('\n') == std::string_view::npos ? rest.size() : rest.find('\n');
    const std::string_view line(rest.data(), end);
    rest.remove_prefix(end < rest.size() ? end + 1 : end);
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    const std::string_view name(line.data(), equals);
    if (!is_plain(line)) continue;
    main = main || name == "MAINPID";
    if (!is_passed(name)) continue;
    ready = ready || line == "READY=1";
    text.append(line).append("\n");
  }
  if (ready || main) text.append("MAINPID=").append_number(main_).append("\n");
  if (!text.view().empty()) (void)send(text.view());
  return ready ? Taken::kReady : Taken::kPassed;
}

bool Notifier::drain(int socket) {
  bool ready = false;
  for (int count = 0; count < kRound; count++) {
    const auto taken = take(socket);
    if (taken == Taken::kNothing) break;
    ready = ready || taken == Taken::kReady;
  }
  return ready;
}

void Notifier::barrier() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  const Fd ours(ends[0]);
  Fd theirs(ends[1]);
  if (send("BARRIER=1", theirs.get()) < 0) return;
  theirs.reset();
  // The other end is closed with the last copy, which is the manager's.
  pollfd closed = {ours.get(), 0, 0};
  while (poll(&closed, 1, kPatience * 1000) < 0 && errno == EINTR) {
  }
}

}  // namespace tsrun
