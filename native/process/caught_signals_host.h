// Signals as something to be read: while we stand in for a foreground program, what is meant for it comes to us.
#pragma once

#include <csignal>
#include <optional>
#include <vector>

#include "base/status.h"

namespace tsrun {

// Takes every signal that can be passed on, for the whole process, and puts the dispositions back when destroyed. Handlers
// and not signalfd(2): any thread of a JavaScript engine may be the one that gets the signal. One at a time.
class CaughtSignals {
 public:
  CaughtSignals() = default;
  CaughtSignals(const CaughtSignals&) = delete;
  CaughtSignals& operator=(const CaughtSignals&) = delete;
  ~CaughtSignals();

  Status start();
  // Again, for those whose disposition the engine has set since.
  void take();
  // Readable when a signal has come.
  [[nodiscard]] int fd() const;
  // The next one; nothing when there is none.
  std::optional<int> next();

 private:
  std::vector<int> taken_;
  sigset_t mask_ = {};
  bool unblocked_ = false;
};

// Ignores SIGPIPE and SIGXFSZ, as Node does: who writes gets EPIPE or EFBIG, and undoes what was under way. What we start has the default
// actions again (process/signals.h).
void ignore_output_signals();

// From now on, until told otherwise, SIGHUP, SIGINT and SIGTERM do not end us but a wait for something that can be undone: what waits looks
// at `ending_signals`. One that would not end us, being ignored, stays without effect. May be on while CaughtSignals are taken: these
// get the signal when it is off again, if it has ended nothing.
//
// With `again`, off: a signal that has ended nothing, and that nobody else wants, has its own effect after all.
Status end_at_signals(bool on, bool again = false);

// Readable when such a signal has come and nobody has taken it; -1 while it is off.
[[nodiscard]] int ending_signals();

// Milliseconds, at most a second, that what is under way has to come to its end since such a signal has come; -1 when none has.
[[nodiscard]] int ending_grace();

// Takes it: its number, or 0. Nothing else is ended by it then.
int take_ending_signal();

// Whether a signal has been taken since they last were to end us: what is left is to undo, and not to wait for who may never come.
[[nodiscard]] bool has_ended();

// The failure of what it has ended.
Status ended_by(int signal);

}  // namespace tsrun
