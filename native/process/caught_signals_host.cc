#include "process/caught_signals_host.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <string>

namespace tsrun {
namespace {

// Made once and never closed: a handler may still be on its way in another thread after the dispositions are back.
std::array<int, 2> g_pipe = {-1, -1};
std::array<struct sigaction, NSIG> g_before;

// Whom a signal is for: both may be.
std::array<std::atomic<bool>, NSIG> g_passed;
std::array<std::atomic<bool>, NSIG> g_ends;

constexpr std::array kEnding = {SIGHUP, SIGINT, SIGTERM};

// As little closed as the pipe, once it is there.
int g_ending = -1;
bool g_ending_on = false;
bool g_has_ended = false;
std::atomic<int> g_ending_signal;
std::atomic<uint32_t> g_ending_pending;  // all that have come, 1 << signal
std::atomic<int64_t> g_ending_since;

// How long what is under way when such a signal comes may still take: a program that begins meanwhile gets the signal.
constexpr int64_t kGrace = 1000;

int64_t milliseconds() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// A signal that this process sent to one of its own threads is the engine's (garbage collectors stop threads with them).
bool is_the_engines(const siginfo_t& info) { return info.si_code == SI_TKILL && info.si_pid == getpid(); }

void pass(int signal) {
  const auto number = static_cast<unsigned char>(signal);
  (void)!write(g_pipe[1], &number, 1);
}

void on_signal(int signal, siginfo_t* info, void* context) {
  const int err = errno;
  if (info != nullptr && is_the_engines(*info)) {
    const auto& before = g_before[static_cast<size_t>(signal)];
    if ((before.sa_flags & SA_SIGINFO) != 0) {
      before.sa_sigaction(signal, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
      before.sa_handler(signal);
    }
  } else {
    const auto at = static_cast<size_t>(signal);
    if (signal == SIGXFSZ && info != nullptr && info->si_pid == getpid()) {
      // about what we have written: that has failed
    } else if (g_ends[at]) {
      g_ending_pending |= 1U << signal;
      // Who sees the signal sees its time.
      if (g_ending_signal == 0) g_ending_since = milliseconds();
      int none = 0;
      g_ending_signal.compare_exchange_strong(none, signal);
      const uint64_t one = 1;
      (void)!write(g_ending, &one, sizeof one);
    } else if (g_passed[at]) {
      pass(signal);
    }
  }
  errno = err;
}

bool is_taken(int signal) {
  switch (signal) {
    case SIGKILL:
    case SIGSTOP:
    // faults of our own
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGSYS:
    // about our own input and output; SIGPIPE is taken so that it does not end us
    case SIGURG:
    case SIGTTIN:
    case SIGTTOU:
      return false;
    default:
      // the C library keeps the ones in between for itself
      return signal < 32 || signal >= SIGRTMIN;
  }
}

// Puts our handler in place; what was there before it is remembered. False where that cannot be.
bool take_signal(int signal) {
  struct sigaction action = {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigfillset(&action.sa_mask);
  struct sigaction before = {};
  if (sigaction(signal, nullptr, &before) != 0) return false;
  if ((before.sa_flags & SA_SIGINFO) != 0 && before.sa_sigaction == on_signal) return true;
  // Remembered before ours is in place, for the handler reads it.
  g_before[static_cast<size_t>(signal)] = before;
  return sigaction(signal, &action, nullptr) == 0;
}

// Puts back what was there, unless somebody still wants the signal.
void leave_signal(int signal) {
  const auto at = static_cast<size_t>(signal);
  if (!g_passed[at] && !g_ends[at]) sigaction(signal, &g_before[at], nullptr);
}

bool is_ignored(int signal) {
  const auto at = static_cast<size_t>(signal);
  struct sigaction now = {};
  const auto& before = g_passed[at] ? g_before[at] : now;
  if (!g_passed[at] && sigaction(signal, nullptr, &now) != 0) return true;
  return (before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_IGN;
}

}  // namespace

Status end_at_signals(bool on, bool again) {
  if (on && g_ending < 0) g_ending = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (on && g_ending < 0) return failed("eventfd");
  if (on == g_ending_on) return {};
  g_ending_on = on;
  if (on) (void)take_ending_signal();
  if (on) g_has_ended = false;
  // Blocked: one that comes in the middle would find a handler and nobody whom it is for.
  sigset_t ending;
  sigset_t mask;
  sigemptyset(&ending);
  for (const int signal : kEnding) sigaddset(&ending, signal);
  pthread_sigmask(SIG_BLOCK, &ending, &mask);
  uint32_t pending = 0;
  if (!on) {
    pending = g_ending_pending;
    (void)take_ending_signal();
  }
  for (const int signal : kEnding) {
    auto& ends = g_ends[static_cast<size_t>(signal)];
    if (!on) {
      if (!ends) continue;
      ends = false;
      leave_signal(signal);
    } else if (!is_ignored(signal)) {
      ends = true;
      ends = take_signal(signal);
    }
  }
  // What has ended nothing is for the program, if somebody stays with that.
  for (const int signal : kEnding) {
    if ((pending & 1U << signal) == 0) continue;
    if (g_passed[static_cast<size_t>(signal)]) {
      pass(signal);
    } else if (again) {
      raise(signal);
    }
  }
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  return {};
}

int ending_grace() {
  if (g_ending_signal == 0) return -1;
  return static_cast<int>(std::max<int64_t>(0, g_ending_since + kGrace - milliseconds()));
}

int ending_signals() { return g_ending_on ? g_ending : -1; }

int take_ending_signal() {
  // In this order: one that comes in between is announced again.
  const int signal = g_ending_signal.exchange(0);
  g_ending_pending = 0;
  uint64_t count = 0;
  (void)!read(g_ending, &count, sizeof count);
  g_has_ended = g_has_ended || signal != 0;
  return signal;
}

bool has_ended() { return g_has_ended; }

Status ended_by(int signal) { return {kNoErrorWords, "ended by signal", std::to_string(signal)}; }

void ignore_output_signals() {
  (void)signal(SIGPIPE, SIG_IGN);
  (void)signal(SIGXFSZ, SIG_IGN);
}

Status CaughtSignals::start() {
  if (g_pipe[0] < 0 && pipe2(g_pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) return failed("pipe");
  while (next()) {
  }
  take();
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int signal : taken_) sigaddset(&wanted, signal);
  // Our caller may have left some blocked.
  unblocked_ = pthread_sigmask(SIG_UNBLOCK, &wanted, &mask_) == 0;
  return {};
}

void CaughtSignals::take() {
  taken_.clear();
  for (int signal = 1; signal < NSIG; signal++) {
    if (!is_taken(signal)) continue;
    auto& passed = g_passed[static_cast<size_t>(signal)];
    passed = true;
    passed = take_signal(signal);
    if (passed) taken_.push_back(signal);
  }
}

CaughtSignals::~CaughtSignals() {
  if (unblocked_) pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  for (const int signal : taken_) {
    g_passed[static_cast<size_t>(signal)] = false;
    leave_signal(signal);
  }
}

int CaughtSignals::fd() const { return g_pipe[0]; }

std::optional<int> CaughtSignals::next() {
  unsigned char number = 0;
  if (read(g_pipe[0], &number, 1) != 1) return std::nullopt;
  return number;
}

}  // namespace tsrun
