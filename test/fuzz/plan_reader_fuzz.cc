// Feeds the plan reader (native/base/plan_reader.h) with anything, under AddressSanitizer and UBSan.
//
// The input's first byte steers what is asked of each step's arguments, the rest is the plan, copied into a block of
// exactly its size so that a read one byte too far is seen.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/plan_reader.h"

namespace {

void require(bool condition) {
  if (!condition) abort();
}

// Takes every argument as text: exactly as many as were promised, each within the plan.
void read_texts(tsrun::Arguments arguments, const char* begin, const char* end) {
  const size_t count = arguments.left();
  for (size_t i = 0; i < count; i++) {
    const char* text = arguments.text();
    require(text >= begin && text + strlen(text) < end);
  }
  require(arguments.left() == 0 && arguments.finish().ok());
  require(*arguments.text() == 0 && !arguments.finish().ok());
}

void read_mixed(tsrun::Arguments arguments, uint8_t steer) {
  for (int i = 0; i < 16; i++, steer = static_cast<uint8_t>(steer * 5 + 1)) {
    switch (steer % 4) {
      case 0:
        arguments.text();
        break;
      case 1:
        require(arguments.number(steer) <= steer);
        break;
      case 2: {
        const int64_t value = arguments.signed_number(steer);
        require(value <= steer && value >= -static_cast<int64_t>(steer));
        break;
      }
      default:
        require(arguments.count() <= arguments.left());
    }
  }
  (void)arguments.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint8_t steer = data[0];
  const size_t length = size - 1;
  const std::unique_ptr<char[]> plan(new char[length]);
  if (length > 0) memcpy(plan.get(), data + 1, length);
  auto reader = tsrun::PlanReader::open(plan.get(), length);
  if (!reader.status().ok()) return 0;
  size_t steps = 0;
  for (;;) {
    const auto more = reader->next();
    if (!more.status().ok()) return 0;
    if (!more.value()) break;
    steps++;
    read_texts(reader->arguments(), plan.get(), plan.get() + length);
    read_mixed(reader->arguments(), steer);
  }
  require(steps == reader->steps());
  return 0;
}
