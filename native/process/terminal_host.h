// Our own terminal while a container's is shown on it.
#pragma once

#include <termios.h>

namespace tsrun {

// Whether the keys that mean a signal (^C, ^Z, ^\) are keys as well, or still send it.
enum class SignalKeys { kAreKeys, kSend };

// The terminal at `fd` in raw mode (man 3 termios) until destroyed: every key reaches the container. Put back also when a
// fault ends us. Nothing happens when `fd` is no terminal. One at a time.
class RawTerminal {
 public:
  explicit RawTerminal(int fd, SignalKeys signal_keys = SignalKeys::kAreKeys);
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal();

  // Again, after a shell has used the terminal while we were stopped.
  void renew() const;

 private:
  termios raw_ = {};
  bool on_ = false;
};

// Whether the terminal at `fd` is ours to change: in the background it is the shell's. A terminal that controls no one is
// ours too.
bool is_in_front(int fd);

// Gives the terminal whose master is `pty` the size of the first terminal among our standard streams, if there is one.
void copy_window_size(int pty);

// Has the terminal whose master is `pty` leave line ends as they are: ours adds the carriage returns, and a file wants none.
void keep_line_ends(int pty);

}  // namespace tsrun
