// A message from a unix socket together with the descriptors that came with it (man 7 unix, SCM_RIGHTS).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string_view>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

struct WithFd {
  size_t length = 0;  // bytes of the message; 0 also at the end of the connection
  pid_t sender = -1;  // as the kernel says, where the socket has SO_PASSCRED; -1: not said, as at the end of the connection
  Fd fd;              // close-on-exec; not valid: none came
};

// Receives one message of at most `size` bytes into `data`; `flags` are those of recvmsg(2). The buffers of cmsg(3) are padded, so that
// more descriptors fit than one asks for, and the kernel puts all that fit into our table: every one of them is taken, all but the first
// are closed. What did not fit (MSG_CTRUNC) fails the whole message: EMFILE when our table of descriptors was full, else EMSGSIZE. Other
// errors are those of recvmsg(2), with `doing` as what was being done.
Result<WithFd> receive_with_fd(int socket, void* data, size_t size, int flags, std::string_view doing);

}  // namespace tsrun
