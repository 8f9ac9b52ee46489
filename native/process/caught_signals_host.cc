#include "process/caught_signals_host.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace tsrun {
namespace {

// Made once and never closed: a handler may still be on its way in another thread after the dispositions are back.
std::array<int, 2> g_pipe = {-1, -1};
std::array<struct sigaction, NSIG> g_before;

// A signal that this process sent to one of its own threads is the engine's (garbage collectors stop threads with them).
bool is_the_engines(const siginfo_t& info) { return info.si_code == SI_TKILL && info.si_pid == getpid(); }

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
    const auto number = static_cast<unsigned char>(signal);
    (void)!write(g_pipe[1], &number, 1);
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

}  // namespace

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
  struct sigaction action = {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigfillset(&action.sa_mask);
  taken_.clear();
  for (int signal = 1; signal < NSIG; signal++) {
    if (!is_taken(signal)) continue;
    struct sigaction before = {};
    if (sigaction(signal, nullptr, &before) != 0) continue;
    const bool ours = (before.sa_flags & SA_SIGINFO) != 0 && before.sa_sigaction == on_signal;
    // Remembered before ours is in place, for the handler reads it.
    if (!ours) g_before[static_cast<size_t>(signal)] = before;
    if (ours || sigaction(signal, &action, nullptr) == 0) taken_.push_back(signal);
  }
}

CaughtSignals::~CaughtSignals() {
  if (unblocked_) pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  for (const int signal : taken_) sigaction(signal, &g_before[static_cast<size_t>(signal)], nullptr);
}

int CaughtSignals::fd() const { return g_pipe[0]; }

std::optional<int> CaughtSignals::next() {
  unsigned char number = 0;
  if (read(g_pipe[0], &number, 1) != 1) return std::nullopt;
  return number;
}

}  // namespace tsrun
