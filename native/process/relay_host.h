// Copies one way between two descriptors without ever waiting for either.
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>

namespace tsrun {

// Reads when the buffer is empty, writes when it is not; poll(2) says when.
class Relay {
 public:
  Relay(int from, int to) : from_(from), to_(to) {}

  // What to wait for: fd -1 where there is nothing to do.
  [[nodiscard]] pollfd source() const { return {open_ && empty() ? from_ : -1, POLLIN, 0}; }
  [[nodiscard]] pollfd target() const { return {empty() ? -1 : to_, POLLOUT, 0}; }
  // Reads once. False at the source's end, for good.
  bool fill();
  // Writes once, no more than a pipe that polled writable takes without waiting. A target that is gone swallows everything
  // from then on, so that whoever writes to the source is not stuck.
  void drain();
  [[nodiscard]] bool empty() const { return at_ == end_; }
  [[nodiscard]] bool open() const { return open_; }
  void close() { open_ = false; }
  // Whether the last `fill` found nothing to read.
  [[nodiscard]] bool dry() const { return dry_; }

 private:
  int from_;
  int to_;
  bool open_ = true;
  bool broken_ = false;
  bool dry_ = false;
  size_t at_ = 0;
  size_t end_ = 0;
  std::array<char, 32768> buffer_;
};

}  // namespace tsrun
