#include "base/receive_fds.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

namespace tsrun {

Result<WithFd> receive_with_fd(int socket, void* data, size_t size, int flags, std::string_view doing) {
  iovec part = {data, size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t length;
  do {
    length = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  } while (length < 0 && errno == EINTR);
  if (length < 0) return failed(doing);

  WithFd received;
  received.length = static_cast<size_t>(length);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS && header->cmsg_len >= CMSG_LEN(sizeof(ucred))) {
      ucred credentials = {};
      memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
      received.sender = credentials.pid;
    } else if (header->cmsg_type == SCM_RIGHTS) {
      for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
        int number = -1;
        memcpy(&number, CMSG_DATA(header) + at, sizeof number);
        Fd fd(number);
        if (!received.fd.valid()) received.fd = std::move(fd);
      }
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) return Status(received.fd.valid() ? EMSGSIZE : EMFILE, doing);
  return received;
}

}  // namespace tsrun
