#include "base/stack.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace tsrun {
namespace {

constexpr size_t kNear = 16 << 10;
constexpr size_t kDeep = 1 << 20;  // deeper than init ever was; the gap that the kernel keeps below a stack is as large (man 7 mmap)

// Its frame lies over what was there.
[[gnu::noinline]] void clear_nearby() {
  char nearby[kNear];
  memset(nearby, 0, sizeof nearby);
  asm volatile("" : : "r"(nearby) : "memory");
}

}  // namespace

[[gnu::noinline]] void forget_stack() {
  clear_nearby();
  // Whole pages come back as zeroes. Not those on which the call itself returns: they are cleared.
  char* end = static_cast<char*>(__builtin_frame_address(0)) - kNear / 2;
  end -= reinterpret_cast<uintptr_t>(end) % static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  // ENOMEM: not all of it was ever used. What is mapped is dropped all the same (man 2 madvise).
  (void)madvise(end - kDeep, kDeep, MADV_DONTNEED);
}

}  // namespace tsrun
