// A terminal that shows a picture and takes keys, for as long as a command draws on it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/status.h"

namespace tsrun {

// Columns and rows.
struct WindowSize {
  int columns = 0;
  int rows = 0;
};

// Of the terminal at `fd`, 0 by 0 when it does not know; nothing when `fd` is no terminal.
std::optional<WindowSize> window_size(int fd);

// What `wait_screen` ends with: one of the two, or neither after its time.
struct ScreenEvent {
  int signal = 0;
  // Bytes as they were typed; the end of the input is one byte 4 (^D).
  size_t size = 0;
  std::array<char, 256> keys = {};
};

// Until `close_screen`, the terminal at stdin gives every key at once and unechoed, but those that send a signal, and signals
// wait to be read. In the background we stop first, as any program does that takes the terminal, until we are in front.
Status open_screen();

// The next signal or keys. After `timeout` milliseconds (-1: never) nothing.
Result<ScreenEvent> wait_screen(int timeout);

// Terminal and signals as they were.
void close_screen();

// Stops us, as SIGTSTP does on its own, with terminal and signals as they were; back in front, opens the screen again.
Status suspend_screen();

}  // namespace tsrun
