// What /proc says about a process (man 5 proc_pid_stat).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/status.h"

namespace tsrun {

struct ProcessStat {
  char state = 0;          // R, S, D, Z, T, t, X, I
  std::string start_time;  // clock ticks since boot: with the pid it names a process for good
};

// The fields of one line of /proc/PID/stat; nothing when it is not one. The name in it may hold spaces and parentheses.
std::optional<ProcessStat> parse_stat(const std::string& line);

// nullopt when there is no such process.
Result<std::optional<ProcessStat>> process_stat(pid_t pid);

// `dev:ino` of the program that the process executes; nullopt when that cannot be seen (no process, a kernel thread, not
// allowed).
std::optional<std::string> process_exe(pid_t pid);

}  // namespace tsrun
