#include "base/plan_reader.h"

#include <sys/mman.h>

#include <cstring>

namespace tsrun {
namespace {

constexpr std::string_view kMagic = "tsrun-plan";
constexpr std::string_view kVersion = "1";

// The field at `at`; its terminating NUL lies before `end` (checked by the caller's field count).
std::string_view field_at(const char* at, const char* end) {
  const auto* nul = static_cast<const char*>(memchr(at, 0, static_cast<size_t>(end - at)));
  return nul == nullptr ? std::string_view{} : std::string_view{at, static_cast<size_t>(nul - at)};
}

bool parse(std::string_view digits, uint64_t max, uint64_t& value) {
  if (digits.empty() || digits.size() > 20 || (digits.size() > 1 && digits[0] == '0')) return false;
  value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return false;
    const auto digit = static_cast<uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  return value <= max;
}

Status malformed(std::string_view what) { return {EBADMSG, "malformed plan:", what}; }

}  // namespace

const char* Arguments::text() {
  if (left_ == 0) {
    bad_ = true;
    return "";
  }
  const char* field = at_;
  at_ += field_at(at_, end_).size() + 1;
  left_--;
  return field;
}

uint64_t Arguments::number(uint64_t max) {
  uint64_t value = 0;
  if (!parse(text(), max, value)) {
    bad_ = true;
    return 0;
  }
  return value;
}

int64_t Arguments::signed_number(int64_t max) {
  const char* digits = text();
  const bool negative = *digits == '-';
  uint64_t value = 0;
  if (!parse(negative ? digits + 1 : digits, static_cast<uint64_t>(max), value)) {
    bad_ = true;
    return 0;
  }
  return negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
}

size_t Arguments::count() {
  const auto value = number();
  if (value > left_) {
    bad_ = true;
    return 0;
  }
  return value;
}

Status Arguments::finish() const {
  if (bad_ || left_ != 0) return malformed("a step's arguments");
  return {};
}

Result<PlanReader> PlanReader::open(const char* data, size_t size) {
  if (size == 0 || data[size - 1] != 0) return malformed("its end");
  PlanReader reader;
  reader.data_ = reader.at_ = data;
  reader.end_ = data + size;

  uint64_t fields = 0;
  for (const char* at = data; at < reader.end_; fields++) at += field_at(at, reader.end_).size() + 1;
  if (fields < 4) return malformed("its header");

  Arguments header(data, reader.end_, 4);
  if (header.text() != kMagic || header.text() != kVersion) return malformed("its header");
  if (header.number() != fields) return malformed("its number of fields");
  const auto steps = header.number(fields);
  TSRUN_TRY(header.finish());
  for (int i = 0; i < 4; i++) reader.at_ += field_at(reader.at_, reader.end_).size() + 1;
  reader.fields_left_ = fields - 4;
  reader.steps_ = reader.steps_left_ = steps;
  return reader;
}

Result<bool> PlanReader::next() {
  if (steps_left_ == 0) {
    if (fields_left_ != 0) return malformed("something after its last step");
    return false;
  }
  if (fields_left_ < 2) return malformed("a step is missing");
  name_ = field_at(at_, end_);
  at_ += name_.size() + 1;
  const auto digits = field_at(at_, end_);
  at_ += digits.size() + 1;
  fields_left_ -= 2;
  uint64_t count = 0;
  if (!parse(digits, fields_left_, count)) return malformed("a step's number of arguments");
  arguments_ = Arguments(at_, end_, count);
  for (uint64_t i = 0; i < count; i++) at_ += field_at(at_, end_).size() + 1;
  fields_left_ -= count;
  steps_left_--;
  return true;
}

Status PlanReader::forget() {
  const auto size = static_cast<size_t>(end_ - at_);
  void* memory = mmap(nullptr, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return failed("allocate memory for the plan");
  memcpy(memory, at_, size);
  if (munmap(const_cast<char*>(data_), static_cast<size_t>(end_ - data_)) != 0) return failed("unmap the plan");
  data_ = at_ = static_cast<char*>(memory);
  end_ = at_ + size;
  name_ = "forget";
  arguments_ = Arguments();
  return {};
}

Status PlanReader::end() {
  if (munmap(const_cast<char*>(data_), static_cast<size_t>(end_ - data_)) != 0) return failed("unmap the plan");
  *this = PlanReader();
  return {};
}

}  // namespace tsrun
