#include "process/supervise_host.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>
#include <optional>

#include "base/child.h"
#include "base/fd.h"
#include "process/caught_signals_host.h"
#include "process/pidfd_host.h"
#include "process/relay_host.h"
#include "process/terminal_host.h"

namespace tsrun {
namespace {

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int64_t milliseconds() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Milliseconds after which a child is one that stays.
constexpr int64_t kSettled = 1000;

// Signals belong to the whole process, so there is one of these.
std::optional<CaughtSignals> g_signals;

void (*g_when_settled)() = nullptr;

class Supervisor {
 public:
  Supervisor(pid_t pid, int pidfd, int pty, int notify, Notifier* notifier)
      : pid_(pid), pidfd_(pidfd), pty_(pty), notify_(notify), notifier_(notifier), input_(STDIN_FILENO, pty), output_(pty, STDOUT_FILENO) {
    if (g_when_settled != nullptr) settles_ = milliseconds() + kSettled;
    int on = 0;
    subreaper_ = getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &on, 0, 0, 0) == 0 && on != 0);
  }

  Result<int> run();

 private:
  void open_terminal();
  void handle_signals(const RawTerminal* terminal);
  void reap_inherited();
  int patience();
  Status attend(const RawTerminal* terminal);

  pid_t pid_;
  int pidfd_;
  int pty_;
  int notify_;
  Notifier* notifier_;
  int64_t settles_ = 0;  // when the child is one that stays; 0: nobody asks
  bool subreaper_ = false;
  bool ended_ = false;
  bool hurry_ = false;         // told to end while the last output is on its way
  std::optional<int> status_;  // of the child, once it was reaped among others
  Fd peer_;
  Relay input_;
  Relay output_;
};

void Supervisor::open_terminal() {
  fcntl(pty_, F_SETFL, fcntl(pty_, F_GETFL) | O_NONBLOCK);
  // With the terminal held open here, a program that closes it for a while (an init system does) does not end the output.
  peer_.reset(ioctl(pty_, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  prepare_terminal(pty_);
}

void Supervisor::handle_signals(const RawTerminal* terminal) {
  while (const auto signal = g_signals->next()) {
    switch (*signal) {
      case SIGCHLD:
        reap_inherited();
        continue;
      case SIGPIPE:
        continue;
      case SIGWINCH:
        if (pty_ >= 0) {
          copy_window_size(pty_);
          continue;
        }
        break;
      case SIGCONT:
        if (terminal != nullptr) terminal->renew();
        break;
      case SIGHUP:
      case SIGINT:
      case SIGQUIT:
      case SIGTERM:
        hurry_ = hurry_ || ended_;
        break;
      default:
        break;
    }
    // Between its end and our noticing it there is nobody to pass it on to.
    (void)send_signal(pidfd_, *signal).ok();
  }
}

void Supervisor::reap_inherited() {
  if (!subreaper_) return;
  siginfo_t info = {};
  while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0) {
    if (info.si_pid == pid_) status_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    info = {};
  }
}

// Milliseconds to wait for something to happen; -1: for ever.
int Supervisor::patience() {
  if (settles_ == 0 || ended_) return -1;
  const int64_t left = settles_ - milliseconds();
  if (left > 0) return static_cast<int>(left);
  settles_ = 0;
  g_when_settled();
  return -1;
}

// Until the child has ended and everything it wrote is out.
Status Supervisor::attend(const RawTerminal* terminal) {
  const bool copying = pty_ >= 0;
  for (;;) {
    // Its last words lie in the terminal, and the kernel hands them over before it says that there are no more.
    if (ended_ && (!copying || hurry_ || (output_.empty() && !output_.open()))) return {};
    pollfd watched[7] = {{g_signals->fd(), POLLIN, 0},
                         {ended_ ? -1 : pidfd_, POLLIN, 0},
                         {-1, 0, 0},
                         {-1, 0, 0},
                         {-1, 0, 0},
                         {-1, 0, 0},
                         notifier_ == nullptr ? pollfd{-1, 0, 0} : notifier_->watch(notify_)};
    if (copying) {
      if (!ended_) watched[2] = input_.source();
      if (!ended_) watched[3] = input_.target();
      watched[4] = output_.source();
      watched[5] = output_.target();
    }
    // Once the child is gone, an empty terminal is its end: look, but do not wait.
    const bool look = ended_ && watched[5].fd < 0;
    if (poll(watched, 7, look ? 0 : patience()) < 0 && errno != EINTR) return failed("wait for the container's process");
    if (watched[0].revents != 0) handle_signals(terminal);
    if (notifier_ != nullptr && watched[6].revents != 0) notifier_->drain(notify_);
    if (watched[5].revents != 0) output_.drain();
    if (watched[4].revents != 0 || look) output_.fill();
    if (look && output_.dry()) output_.close();
    if (watched[3].revents != 0) input_.drain();
    if (watched[2].revents != 0) input_.fill();
    if (watched[1].revents != 0) {
      ended_ = true;
      peer_.reset();
    }
  }
}

Result<int> Supervisor::run() {
  std::optional<RawTerminal> terminal;
  if (pty_ >= 0) {
    open_terminal();
    terminal.emplace(STDIN_FILENO);
  }
  // What ended before anyone looked announces itself no more.
  reap_inherited();
  TSRUN_TRY(attend(terminal ? &*terminal : nullptr));
  // Messages may have come after the last drain and before the end.
  if (notifier_ != nullptr) notifier_->finish(notify_);
  terminal.reset();
  if (!status_) {
    auto status = reap(pidfd_);
    // A signal handler's round may have been there first.
    if (!status.ok()) reap_inherited();
    if (!status.ok() && !status_) return status.status();
    if (!status_) status_ = *status;
  }
  reap_inherited();
  return *status_;
}

}  // namespace

Status catch_signals(bool on) {
  if (!on) {
    g_signals.reset();
    return {};
  }
  if (g_signals) {
    g_signals->take();
    return {};
  }
  g_signals.emplace();
  auto status = g_signals->start();
  if (!status.ok()) g_signals.reset();
  return status;
}

void prepare_terminal(int pty) {
  keep_line_ends(pty);
  copy_window_size(pty);
}

void call_when_settled(void (*call)()) { g_when_settled = call; }

Result<int> supervise(pid_t pid, int pidfd, int pty, int notify, Notifier* notifier) {
  TSRUN_TRY(catch_signals(true));
  auto status = Supervisor(pid, pidfd, pty, notify, notifier).run();
  TSRUN_TRY(catch_signals(false));
  return status;
}

}  // namespace tsrun
