#include "process/relay_host.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace tsrun {

bool Relay::fill() {
  const ssize_t size = read(from_, buffer_.data(), buffer_.size());
  dry_ = size < 0 && (errno == EAGAIN || errno == EINTR);
  if (size > 0) {
    at_ = 0;
    end_ = broken_ ? 0 : static_cast<size_t>(size);
  } else if (!dry_) {
    // End of file, or EIO: the other side of a terminal is closed (man 4 tty_ioctl).
    open_ = false;
  }
  return open_;
}

void Relay::drain() {
  // POLLOUT on a pipe promises PIPE_BUF bytes (man 7 pipe).
  const ssize_t size = write(to_, buffer_.data() + at_, std::min<size_t>(end_ - at_, PIPE_BUF));
  if (size >= 0) {
    at_ += static_cast<size_t>(size);
  } else if (errno != EAGAIN && errno != EINTR) {
    broken_ = true;
    at_ = end_;
  }
}

}  // namespace tsrun
