#include "base/notify.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>
#include <ctime>
#include <utility>

namespace tsrun {
namespace {

constexpr int64_t kPatience = 5000;  // milliseconds, for the manager to have read
constexpr int64_t kLast = 1000;      // the same, for what a container that has ended has sent

// Messages in one go: who uses this has more to look at. At the end more than a queue holds (net.unix.max_dgram_qlen), and an end to a
// flood.
constexpr int kRound = 64;
constexpr int kLastRound = 512;

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

int64_t now() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

// Waits for what `watched` says, until `deadline`.
bool wait_until(pollfd watched, int64_t deadline) {
  for (;;) {
    const int64_t left = deadline - now();
    if (left <= 0) return false;
    const int ready = poll(&watched, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
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

pollfd Notifier::watch(int socket) const {
  if (manager_.valid()) return {manager_.get(), POLLOUT, 0};
  return {socket, POLLIN, 0};
}

// False with errno; EAGAIN: there is no room, and `watch` will tell when there is.
bool Notifier::send(std::string_view text, int fd) {
  if (!manager_.valid()) {
    manager_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // Connected, for poll(2) to say when there is room.
    if (!manager_.valid() || connect(manager_.get(), reinterpret_cast<const sockaddr*>(&address_), size_) != 0) {
      const int err = errno;
      manager_.reset();
      errno = err == EAGAIN ? ECONNREFUSED : err;
      return false;
    }
  }
  iovec part = {const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
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
  ssize_t sent = sendmsg(manager_.get(), &message, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && fd < 0 && message.msg_control != nullptr) {
    // Not permitted to send another process's credentials, or that one is gone.
    message.msg_control = nullptr;
    message.msg_controllen = 0;
    sent = sendmsg(manager_.get(), &message, MSG_NOSIGNAL);
  }
  const int err = errno;
  // Anew for each message: the next manager may have another socket there.
  if (sent >= 0 || err != EAGAIN) manager_.reset();
  errno = err;
  return sent >= 0;
}

// Sends the message that is held, if there is one.
Notifier::Taken Notifier::pass() {
  if (message_.view().empty()) return Taken::kPassed;
  if (!send(message_.view()) && errno == EAGAIN) return Taken::kHeld;
  message_.clear();
  return std::exchange(ready_, false) ? Taken::kReady : Taken::kPassed;
}

Notifier::Taken Notifier::take(int socket) {
  if (manager_.valid()) return pass();
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
    ready_ = ready_ || line == "READY=1";
    message_.append(line).append("\n");
  }
  if (ready_ || main) message_.append("MAINPID=").append_number(main_).append("\n");
  return pass();
}

bool Notifier::drain(int socket) {
  for (int count = 0; count < kRound; count++) {
    const auto taken = take(socket);
    if (taken == Taken::kReady) return true;
    if (taken != Taken::kPassed) break;
  }
  return false;
}

bool Notifier::finish(int socket) {
  const int64_t deadline = now() + kLast;
  bool ready = false;
  for (int count = 0; count < kLastRound; count++) {
    const auto taken = take(socket);
    if (taken == Taken::kNothing || (taken == Taken::kHeld && !wait_until(watch(socket), deadline))) break;
    ready = ready || taken == Taken::kReady;
  }
  return ready;
}

void Notifier::barrier() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  const Fd ours(ends[0]);
  Fd theirs(ends[1]);
  const int64_t deadline = now() + kPatience;
  while (!send("BARRIER=1", theirs.get())) {
    if (errno != EAGAIN || !wait_until(watch(-1), deadline)) {
      manager_.reset();
      return;
    }
  }
  theirs.reset();
  // The other end is closed with the last copy, which is the manager's.
  (void)wait_until({ours.get(), 0, 0}, deadline);
}

}  // namespace tsrun
