// Reads lines of passwd(5) as they come: whoever made the file, nothing of it needs memory but the home being looked for.
#pragma once

#include <cstdint>

#include "base/status.h"

namespace tsrun {

// Feed it the file in pieces until it has found what it looks for.
class PasswdReader {
 public:
  explicit PasswdReader(uint32_t uid) : uid_(uid) {}

  // True once the line of the user is complete.
  bool feed(std::string_view piece);
  // The file has ended, perhaps without a newline. True when its last line was the user's.
  bool end() { return feed("\n"); }
  // The home of the user that was found; empty when it has none, or one too long to be true.
  [[nodiscard]] std::string_view home() const { return cut_ ? std::string_view{} : home_.view(); }

 private:
  void take(char c);

  enum Field { kName, kPassword, kUid, kGid, kGecos, kHome, kShell };

  uint64_t uid_;
  int field_ = kName;
  uint64_t value_ = 0;   // of the uid field so far
  bool number_ = false;  // the uid field is a number so far
  bool cut_ = false;
  Text<4096> home_;
};

}  // namespace tsrun
