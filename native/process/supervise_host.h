// Standing in for a foreground program: its signals, its terminal, its exit status.
#pragma once

#include <sys/types.h>

#include "base/notify.h"
#include "base/status.h"

namespace tsrun {

// From now on the signals that `supervise` passes on wait for it, so that none ends us while the child is being made; with
// `on` false they act again. `supervise` begins and ends this by itself where it was not done.
Status catch_signals(bool on);

// Gives the terminal whose master is `pty` the size of ours, and has it leave line ends as they are: ours adds the carriage
// returns, and a file wants none. To be done before the program writes.
void prepare_terminal(int pty);

// Stays until the child `pid` has ended and returns its exit status, or 128 + the signal that ended it. Meanwhile passes on
// every signal we get that is not about ourselves, and reaps what a subreaper (man 2 prctl) inherits. With `pty`, the master
// of its terminal (else -1), also copies our stdin to it and it to our stdout, with our terminal in raw mode and its
// window's size kept the same. `pty` becomes non-blocking. With `notifier`, what the container sends to the socket `notify` is
// passed on (base/notify.h). ECHILD when `pid` is not our child.
Result<int> supervise(pid_t pid, int pidfd, int pty, int notify = -1, Notifier* notifier = nullptr);

// `supervise` calls this once, when the child has lived for a second: it may go on for months, and what the process only needs again in
// the end can be given back. A child that ends at once would pay for that and gain nothing.
void call_when_settled(void (*call)());

}  // namespace tsrun
