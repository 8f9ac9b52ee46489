#include "process/terminal_host.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace tsrun {
namespace {

constexpr std::array<int, 6> kFaults = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};

struct Saved {
  int fd = -1;
  termios mode = {};
  std::array<struct sigaction, kFaults.size()> actions;
};
Saved g_saved;

// Without this a background process group would be stopped by SIGTTOU when it sets the terminal's mode.
void set_mode(int fd, const termios& mode) {
  sigset_t stop;
  sigset_t before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &stop, &before);
  tcsetattr(fd, TCSANOW, &mode);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Puts terminal and handlers back; the instruction at fault then happens again, under its own handler.
void on_fault(int signal) {
  if (g_saved.fd >= 0) tcsetattr(g_saved.fd, TCSANOW, &g_saved.mode);
  for (size_t i = 0; i < kFaults.size(); i++) sigaction(kFaults[i], &g_saved.actions[i], nullptr);
  raise(signal);
}

}  // namespace

bool is_in_front(int fd) {
  const pid_t group = tcgetpgrp(fd);
  return group < 0 || group == getpgrp();
}

RawTerminal::RawTerminal(int fd, SignalKeys signal_keys) {
  if (tcgetattr(fd, &g_saved.mode) != 0) return;
  raw_ = g_saved.mode;
  cfmakeraw(&raw_);
  if (signal_keys == SignalKeys::kSend) raw_.c_lflag |= ISIG;
  raw_.c_oflag |= OPOST;  // line ends are ours to make: keep_line_ends
  g_saved.fd = fd;
  struct sigaction action = {};
  action.sa_handler = on_fault;
  action.sa_flags = SA_ONSTACK;
  for (size_t i = 0; i < kFaults.size(); i++) sigaction(kFaults[i], &action, &g_saved.actions[i]);
  on_ = true;
  renew();
}

void RawTerminal::renew() const {
  if (on_ && is_in_front(g_saved.fd)) set_mode(g_saved.fd, raw_);
}

RawTerminal::~RawTerminal() {
  if (!on_) return;
  if (is_in_front(g_saved.fd)) set_mode(g_saved.fd, g_saved.mode);
  g_saved.fd = -1;
  for (size_t i = 0; i < kFaults.size(); i++) sigaction(kFaults[i], &g_saved.actions[i], nullptr);
}

void copy_window_size(int pty) {
  for (int fd = 0; fd <= 2; fd++) {
    winsize size = {};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0) continue;
    if (size.ws_row != 0 && size.ws_col != 0) ioctl(pty, TIOCSWINSZ, &size);
    return;
  }
}

void keep_line_ends(int pty) {
  termios mode = {};
  if (tcgetattr(pty, &mode) != 0) return;
  mode.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  tcsetattr(pty, TCSANOW, &mode);
}

}  // namespace tsrun
