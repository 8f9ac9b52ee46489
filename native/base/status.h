// The error value of all native code: built where something went wrong, only passed upwards afterwards.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

namespace tsrun {

// A text of bounded length, always NUL-terminated; what does not fit is cut off.
template <size_t N>
class Text {
 public:
  constexpr Text() = default;
  Text& append(std::string_view s) {
    const size_t n = s.size() < N - 1 - size_ ? s.size() : N - 1 - size_;
    if (n > 0) memcpy(data_ + size_, s.data(), n);
    size_ += n;
    data_[size_] = 0;
    return *this;
  }
  Text& append_number(long long value) {
    char digits[24];
    size_t at = sizeof digits;
    const bool negative = value < 0;
    auto rest = negative ? 0ULL - static_cast<unsigned long long>(value) : static_cast<unsigned long long>(value);
    do {
      digits[--at] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    if (negative) digits[--at] = '-';
    return append({digits + at, sizeof digits - at});
  }
  void clear() { data_[size_ = 0] = 0; }
  [[nodiscard]] const char* c_str() const { return data_; }
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }

 private:
  char data_[N] = {};
  size_t size_ = 0;
};

// Stands for errno where no system call failed and the text says everything: nothing is to be added to it. It is the
// kernel's MAX_ERRNO, which no error has.
inline constexpr int kNoErrorWords = 4095;

// Success, or what failed: a sentence like "openat2 dev/null" and the errno (never 0 on failure).
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(int err, std::string_view doing, std::string_view object = {}) : err_(err == 0 ? EINVAL : err) {
    text_.append(doing);
    if (!object.empty()) text_.append(" ").append(object);
  }
  [[nodiscard]] bool ok() const { return err_ == 0; }
  [[nodiscard]] int err() const { return err_; }
  // What was being done and on what; without the words for errno.
  [[nodiscard]] std::string_view text() const { return text_.view(); }

 private:
  int err_ = 0;
  Text<384> text_;
};

// The failure of the system call that has just returned: errno with what it was about.
inline Status failed(std::string_view doing, std::string_view object = {}) { return {errno, doing, object}; }

// A value, or why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool ok() const { return status_.ok(); }
  [[nodiscard]] const Status& status() const { return status_; }
  T& operator*() { return value_; }
  T* operator->() { return &value_; }
  [[nodiscard]] const T& value() const { return value_; }

 private:
  Status status_;
  T value_{};
};

// Passes a failure upwards.
#define TSRUN_TRY(expression)                                                         \
  do {                                                                                \
    if (auto status_of_try = (expression); !status_of_try.ok()) return status_of_try; \
  } while (0)

}  // namespace tsrun
