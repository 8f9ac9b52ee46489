// Sets of processors and memory nodes as the kernel takes them: bit n for number n.
#pragma once

#include <climits>
#include <cstddef>

#include "base/plan_reader.h"

namespace tsrun {

struct Mask {
  static constexpr size_t kMax = 1025;  // words for the largest number that a plan has, 65536 (src/spec/ranges.ts)
  unsigned long words[kMax];
  size_t count = 0;

  [[nodiscard]] size_t bytes() const { return count * sizeof words[0]; }
  [[nodiscard]] size_t bits() const { return bytes() * CHAR_BIT; }
};

// The next arguments are the number of words and as many words of 64 bits (src/plan/mask.ts); more than `kMax` are left for `finish` to
// find.
inline Mask mask_of(Arguments& arguments) {
  static_assert(sizeof(unsigned long) == 8);
  Mask mask;
  for (size_t left = arguments.count(); left > 0 && mask.count < Mask::kMax; left--) mask.words[mask.count++] = arguments.number();
  return mask;
}

}  // namespace tsrun
