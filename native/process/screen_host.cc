#include "process/screen_host.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "process/caught_signals_host.h"
#include "process/terminal_host.h"

namespace tsrun {
namespace {

// Terminal and signals belong to the whole process, so there is one of each.
std::optional<CaughtSignals> g_signals;
std::optional<RawTerminal> g_terminal;

constexpr char kEndOfInput = 4;

// With nobody left to bring us to the front (man 7 credentials, orphaned) SIGTTOU stops nothing: then look again now and then.
constexpr int kLookAgain = 100;

void wait_for_front() {
  while (!is_in_front(STDIN_FILENO)) {
    kill(getpid(), SIGTTOU);
    poll(nullptr, 0, kLookAgain);
  }
}

}  // namespace

std::optional<WindowSize> window_size(int fd) {
  winsize size = {};
  if (isatty(fd) == 0 || ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return WindowSize{size.ws_col, size.ws_row};
}

Status open_screen() {
  wait_for_front();
  g_signals.emplace();
  auto status = g_signals->start();
  if (!status.ok()) {
    g_signals.reset();
    return status;
  }
  g_terminal.emplace(STDIN_FILENO, SignalKeys::kSend);
  return {};
}

Result<ScreenEvent> wait_screen(int timeout) {
  ScreenEvent event;
  if (!g_signals) return Status(EBADF, "wait for a key");
  if (const auto signal = g_signals->next()) {
    event.signal = *signal;
    return event;
  }
  pollfd watched[2] = {{g_signals->fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  if (poll(watched, 2, timeout) < 0) {
    // a signal: it is in the pipe
    if (errno != EINTR) return failed("wait for a key");
  }
  if (const auto signal = g_signals->next()) {
    event.signal = *signal;
    return event;
  }
  if (watched[1].revents == 0) return event;
  // Reading from the background stops us; the keys are the shell's then.
  const ssize_t size = read(STDIN_FILENO, event.keys.data(), event.keys.size());
  if (size > 0) {
    event.size = static_cast<size_t>(size);
  } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
    event.keys[0] = kEndOfInput;
    event.size = 1;
  }
  return event;
}

void close_screen() {
  g_terminal.reset();
  g_signals.reset();
}

Status suspend_screen() {
  close_screen();
  kill(getpid(), SIGTSTP);
  return open_screen();
}

}  // namespace tsrun
