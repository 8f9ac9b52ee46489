// Reads the steps that TypeScript planned (src/plan/encode.ts), in bounds and strictly.
//
// The plan is text: NUL-terminated fields, `tr '\0' '\n'` shows it. Its first four fields are "tsrun-plan", the format's
// version, the number of all fields and the number of steps; then each step is its name, the number of its arguments and
// these. A NUL smuggled into a value would make one field more than was counted, so such a plan is refused as a whole
// before anything is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace tsrun {

// One step's arguments, taken in order. A missing or malformed argument makes the whole step malformed: take what there
// is to take, then ask `finish` once before acting.
class Arguments {
 public:
  Arguments() = default;
  Arguments(const char* at, const char* end, size_t count) : at_(at), end_(end), left_(count) {}

  // The next argument; an empty text when there is none. NUL-terminated, valid as long as the plan.
  const char* text();
  // The next argument as a decimal number within [0, max].
  uint64_t number(uint64_t max = UINT64_MAX);
  // The next argument as a decimal number within [-max, max].
  int64_t signed_number(int64_t max = INT64_MAX);
  // The next argument is a count, and at least that many arguments follow.
  size_t count();
  [[nodiscard]] size_t left() const { return left_; }
  // Fails with EBADMSG when something was missing or malformed, or is left over.
  Status finish() const;

 private:
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  size_t left_ = 0;
  bool bad_ = false;
};

class PlanReader {
 public:
  // Checks the header and counts the fields of `size` bytes at `data`, which must stay mapped. EBADMSG when they disagree.
  static Result<PlanReader> open(const char* data, size_t size);

  // The number of steps.
  [[nodiscard]] size_t steps() const { return steps_; }
  // Moves on to the next step; false after the last. EBADMSG for a step whose arguments run past the end.
  Result<bool> next();
  // The current step's name and a fresh view of its arguments.
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] Arguments arguments() const { return arguments_; }
  // Moves the steps that are still to come into memory of their own and unmaps the rest, which was mapped for it alone. All texts
  // that were taken before are gone.
  Status forget();
  // Unmaps all of it, for a process that takes no more steps.
  Status end();

  PlanReader() = default;

 private:
  const char* data_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  size_t fields_left_ = 0;
  size_t steps_ = 0;
  size_t steps_left_ = 0;
  std::string_view name_;
  Arguments arguments_;
};

}  // namespace tsrun
