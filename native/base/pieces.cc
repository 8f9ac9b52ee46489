#include "base/pieces.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdlib>
#include <cstring>
#include <utility>

namespace tsrun {

Buffer::~Buffer() { free(data_); }

void Buffer::swap(Buffer& other) {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  std::swap(overflowed_, other.overflowed_);
}

Buffer& Buffer::insert(size_t at, std::string_view text) {
  if (overflowed_ || text.empty()) return *this;
  if (at > size_ || text.size() > kLargest - size_) {
    overflowed_ = true;
    return *this;
  }
  if (size_ + text.size() > capacity_) {
    size_t wanted = capacity_ == 0 ? 1024 : capacity_ * 2;
    if (wanted < size_ + text.size()) wanted = size_ + text.size();
    auto* moved = static_cast<char*>(realloc(data_, wanted));
    if (moved == nullptr) {
      overflowed_ = true;
      return *this;
    }
    data_ = moved;
    capacity_ = wanted;
  }
  memmove(data_ + at + text.size(), data_ + at, size_ - at);
  memcpy(data_ + at, text.data(), text.size());
  size_ += text.size();
  return *this;
}

Assembly::Taken Assembly::take(std::string_view message) {
  if (message.empty() || message.size() > kPieceSize + 1 || (message[0] != '+' && message[0] != '.')) return Taken::kForeign;
  text_.append(message.substr(1));
  if (text_.overflowed()) return Taken::kTooLarge;
  return message[0] == '.' ? Taken::kWhole : Taken::kMore;
}

Status send_pieces(int socket, std::string_view text) {
  do {
    const std::string_view piece = text.substr(0, kPieceSize);
    text.remove_prefix(piece.size());
    char lead = text.empty() ? '.' : '+';
    iovec parts[2] = {{&lead, 1}, {const_cast<char*>(piece.data()), piece.size()}};
    msghdr message = {};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    ssize_t sent;
    do {
      sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return failed("send a message");
  } while (!text.empty());
  return {};
}

Status receive_pieces(int socket, Buffer& text, Buffer* aside) {
  text.clear();
  Assembly assembly(text);
  char message[kPieceSize + 2];  // one too long is seen by its length
  for (bool reset = false;;) {
    const ssize_t length = recv(socket, message, sizeof message, 0);
    if (length < 0 && errno == EINTR) continue;
    // It ended without having read what we sent: that is said once, and what it sent before comes after it.
    if (length < 0 && errno == ECONNRESET && !reset) {
      reset = true;
      continue;
    }
    if (length < 0) return failed("receive a message");
    if (length == 0) return {ECONNRESET, "receive a message"};
    const std::string_view piece(message, static_cast<size_t>(length));
    switch (assembly.take(piece)) {
      case Assembly::Taken::kMore:
        break;
      case Assembly::Taken::kWhole:
        return {};
      case Assembly::Taken::kTooLarge:
        return {EMSGSIZE, "receive a message"};
      case Assembly::Taken::kForeign:
        if (aside == nullptr) return {EBADMSG, "receive a message"};
        aside->append(piece.substr(0, aside->size() < kAside ? kAside - aside->size() : 0));
    }
  }
}

}  // namespace tsrun
