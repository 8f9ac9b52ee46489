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

}  // namespace tsrun
