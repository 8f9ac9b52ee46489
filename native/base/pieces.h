// Texts of any length over a SOCK_SEQPACKET socket: in pieces, each led by '+' (more to come) or '.' (the last).
#pragma once

#include <cstddef>
#include <string_view>

#include "base/status.h"

namespace tsrun {

// A text that grows, up to `kLargest` bytes; needs no C++ library. Appending to one that is full, or that there is no memory for, makes
// it `overflowed`, with what was there before.
class Buffer {
 public:
  static constexpr size_t kLargest = 16U << 20;

  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer();

  Buffer& append(std::string_view text) { return insert(size_, text); }
  // Puts `text` before byte `at` of what is there.
  Buffer& insert(size_t at, std::string_view text);
  void clear() {
    size_ = 0;
    overflowed_ = false;
  }
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool overflowed() const { return overflowed_; }

 private:
  void swap(Buffer& other);

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  bool overflowed_ = false;
};

// What a sender puts into one message at most, without the leading byte.
inline constexpr size_t kPieceSize = 32768;

// Takes pieces as they come and puts them together.
class Assembly {
 public:
  enum class Taken { kMore, kWhole, kForeign, kTooLarge };

  explicit Assembly(Buffer& text) : text_(text) {}
  // `kForeign`: the message is no piece, and was left out.
  Taken take(std::string_view message);

 private:
  Buffer& text_;
};

// Sends the whole text. EPIPE or ECONNRESET when nobody is there any more; never a signal.
Status send_pieces(int socket, std::string_view text);

// Receives a whole text into `text`, which is cleared first. Fails with ECONNRESET when the other end is gone. A message that is no
// piece goes to `aside`, as far as `kAside` bytes; without one it makes this fail with EBADMSG.
inline constexpr size_t kAside = 1024;
Status receive_pieces(int socket, Buffer& text, Buffer* aside);

}  // namespace tsrun
