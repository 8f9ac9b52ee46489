// Runs a program to its end, with a text on its stdin, and keeps what it says.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/child.h"

namespace tsrun {

// Called with what the program writes, as it comes.
struct Sink {
  void (*take)(void* self, std::string_view piece) = nullptr;
  void* self = nullptr;
};

struct Run {
  std::string_view input;   // its stdin: a file in memory, so that it need not be read
  int64_t timeout = 0;      // milliseconds until it is killed with its process group; 0: never
  Sink out;                 // its stdout; without: thrown away
  Sink err;                 // its stderr; without: thrown away
  bool our_stderr = false;  // it writes to our stderr instead
  int interrupt = -1;       // a descriptor: when it is readable the program is killed; -1: none
};

struct Ended {
  int status = 0;  // exit status, or 128 + signal
  bool timed_out = false;
  bool interrupted = false;
};

// Runs `program`, whose streams are set here. It is over when the program itself has ended: a grandchild that keeps the
// streams open is not waited for.
Result<Ended> run(Program program, const Run& how);

// The last bytes of a stream.
class Tail {
 public:
  static constexpr size_t kSize = 4096;

  [[nodiscard]] Sink sink() { return {take, this}; }
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }

 private:
  static void take(void* self, std::string_view piece);

  char data_[kSize] = {};
  size_t size_ = 0;
};

}  // namespace tsrun
