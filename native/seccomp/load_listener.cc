#include "seccomp/load_listener.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <ctime>

#include "base/syscalls.h"

namespace tsrun {
namespace {

// Once the filter is loaded, any system call of this process may be one that waits for the listener's answer, and nobody
// is listening yet. So a thread that the filter does not apply to (it was there before, and without TSYNC it stays out)
// does the sending, and this one waits for it without a system call.
struct Sender {
  std::string_view text;
  int socket;
  int descriptor;  // -1: not yet; kGiveUp: there will be none
  int result;      // errno, kPending until it is known
  bool last;       // nothing more is sent there
};

// <atomic> wants a whole C++ library.
int load(const int& value) { return __atomic_load_n(&value, __ATOMIC_ACQUIRE); }
void store(int& value, int to) { __atomic_store_n(&value, to, __ATOMIC_RELEASE); }

constexpr std::string_view kHandedOver = "listener";
constexpr int kGiveUp = -2;
constexpr int kPending = -1;
constexpr long kPollNanoseconds = 50'000;

alignas(16) char stack[16 * 1024];

int send_descriptor(int socket, int descriptor, std::string_view text) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  bool attached = false;
  while (!text.empty()) {
    iovec part = {const_cast<char*>(text.data()), text.size()};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!attached) {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int));
      memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    const ssize_t n = sendmsg(socket, &message, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    attached = true;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return 0;
}

int run_sender(void* argument) {
  auto& sender = *static_cast<Sender*>(argument);
  const timespec pause = {0, kPollNanoseconds};
  int descriptor = -1;
  while ((descriptor = load(sender.descriptor)) == -1) nanosleep(&pause, nullptr);
  int result = 0;
  if (descriptor != kGiveUp) {
    result = send_descriptor(sender.socket, descriptor, sender.text);
    // The table of descriptors is shared. Whoever has received it keeps the listener alive.
    close(descriptor);
    if (sender.last) close(sender.socket);
  }
  store(sender.result, result);
  return 0;
}

}  // namespace

Status load_with_listener(Context& context, sock_fprog& program, unsigned flags, int listener) {
  static Sender sender;
  if (listener < 0) {
    sender.text = kHandedOver;
    sender.socket = context.sync;
  } else {
    if (context.reply == nullptr || context.reply[0] == 0) return {EINVAL, "send the seccomp listener: nothing to say"};
    sender.text = context.reply;
    sender.socket = context.slots.take(static_cast<size_t>(listener));
    sender.last = true;
  }
  store(sender.descriptor, -1);
  store(sender.result, kPending);
  // A thread and no child: it leaves nothing behind for the user's program to wait for.
  constexpr int kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  if (clone(run_sender, stack + sizeof stack, kThread, &sender) < 0) return failed("start the sender of the seccomp listener");

  const int descriptor = sys::seccomp(SECCOMP_SET_MODE_FILTER, flags, &program);
  const int err = descriptor < 0 ? errno : 0;
  store(sender.descriptor, descriptor < 0 ? kGiveUp : descriptor);
  while (load(sender.result) == kPending) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  if (err != 0) return {err, "load the seccomp filter"};
  if (load(sender.result) != 0) return {load(sender.result), "send the seccomp listener"};
  return {};
}

Status hand_over_listener(Context& context, sock_fprog& program, unsigned flags) {
  const Fd listener(sys::seccomp(SECCOMP_SET_MODE_FILTER, flags, &program));
  if (!listener.valid()) return failed("load the seccomp filter");
  if (const int err = send_descriptor(context.sync, listener.get(), kHandedOver); err != 0) return {err, "send the seccomp listener"};
  return {};
}

}  // namespace tsrun
