#include "base/conversation.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/receive_fds.h"

namespace tsrun {
namespace {

constexpr size_t kPiece = 32768;  // what a sender puts into one message at most
constexpr size_t kLargest = 64U << 20;

}  // namespace

Status tell(int socket, std::string_view kind, std::string_view second, std::string_view third, std::string_view fourth,
            std::string_view fifth) {
  Text<2048> message;
  const std::string_view separator("\0", 1);
  message.append(kind);
  for (const auto field : {second, third, fourth, fifth}) {
    if (field.data() != nullptr) message.append(separator).append(field);
  }
  // write(2) and not send(2): a filter may be loaded by now, and few forbid it. SIGPIPE ends us where there is nobody to talk to.
  if (write(socket, message.c_str(), message.view().size()) < 0) return failed("talk to the runtime");
  return {};
}

Status hear(Context& context, int socket) {
  size_t size = 0;
  for (;;) {
    if (context.reply_size < size + kPiece + 2) {
      const size_t wanted = context.reply_size * 2 + kPiece * 2;
      if (wanted > kLargest) return {EMSGSIZE, "listen to the runtime"};
      void* moved = context.reply == nullptr ? mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                             : mremap(context.reply, context.reply_size, wanted, MREMAP_MAYMOVE);
      if (moved == MAP_FAILED) return failed("allocate memory for the runtime's answer");
      context.reply = static_cast<char*>(moved);
      context.reply_size = wanted;
    }
    // The leading byte of a piece lands on the end of the text so far, and is overwritten by the rest.
    // Who has taken our end (pidfd_getfd) can hear in our place, and we wait. To answer us takes the other end, which only the runtime has.
    char* at = context.reply + size;
    ssize_t length;
    do {
      length = recv(socket, at, kPiece + 1, 0);
    } while (length < 0 && errno == EINTR);
    if (length < 0) return failed("listen to the runtime");
    if (length == 0) return {ECONNRESET, "listen to the runtime"};
    const char lead = at[0];
    memmove(at, at + 1, static_cast<size_t>(length) - 1);
    size += static_cast<size_t>(length) - 1;
    if (lead == '.') break;
  }
  context.reply[size] = 0;
  return {};
}

Status ask_runtime(Context& context, std::string_view what) {
  TSRUN_TRY(tell(context.sync, "ask", what));
  return hear(context, context.sync);
}

Status ask_about(Context& context, std::string_view what, int fd) {
  Text<128> text;
  text.append("ask").append({"\0", 1}).append(what);
  iovec data = {const_cast<char*>(text.c_str()), text.view().size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (sendmsg(context.sync, &message, MSG_NOSIGNAL) < 0) return failed("talk to the runtime");
  return hear(context, context.sync);
}

Result<Fd> ask_descriptor(const Context& context, std::string_view what) {
  TSRUN_TRY(tell(context.sync, "ask", what));
  char lead = 0;
  auto answer = receive_with_fd(context.sync, &lead, 1, 0, "receive a descriptor");
  TSRUN_TRY(answer.status());
  if (answer->length == 0) return Status(ECONNRESET, "listen to the runtime");
  if (!answer->fd.valid()) return Status(EBADMSG, "receive a descriptor");
  return std::move(answer->fd);
}

Status tell_step(int socket, size_t step, std::string_view op, int64_t microseconds) {
  Text<24> number;
  number.append_number(static_cast<long long>(step));
  Text<24> time;
  time.append_number(microseconds);
  return tell(socket, "step", number.view(), op, time.view());
}

void tell_failure(int socket, size_t step, std::string_view op, const Status& status) {
  Text<24> number;
  number.append_number(static_cast<long long>(step));
  Text<24> err;
  err.append_number(status.err());
  (void)tell(socket, "failed", number.view(), op, err.view(), status.text());
}

}  // namespace tsrun
