#include "process/passwd.h"

namespace tsrun {

bool PasswdReader::feed(std::string_view piece) {
  for (const char c : piece) {
    if (c != '\n') {
      take(c);
      continue;
    }
    if (field_ >= kHome && number_ && value_ == uid_) return true;
    field_ = kName;
    value_ = 0;
    number_ = cut_ = false;
    home_.clear();
  }
  return false;
}

void PasswdReader::take(char c) {
  if (c == ':') {
    if (field_ < kShell) field_++;
  } else if (field_ == kUid) {
    const bool first = value_ == 0 && !number_;
    number_ = (first || number_) && c >= '0' && c <= '9' && value_ <= UINT32_MAX;
    value_ = number_ ? value_ * 10 + static_cast<uint64_t>(c - '0') : UINT64_MAX;
  } else if (field_ == kHome) {
    // A NUL would end the variable early.
    if (c == 0 || home_.view().size() >= 4095) cut_ = true;
    home_.append({&c, 1});
  }
}

}  // namespace tsrun
