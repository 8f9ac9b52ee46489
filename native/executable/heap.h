// The memory of the engine and of what C++ makes with `new`. While the build prepares a heap (prepared.h) it lies at a fixed address; what
// a call adds to that is laid close together first, as a page that is touched costs more than what is done with it, and is the C library's
// where it becomes more. What a prepared heap brought along is never given back.
#pragma once

#include <quickjs.h>

#include <cstddef>
#include <cstdint>

namespace tsrun {

// Where a prepared heap lies: far from all that the kernel places by itself on x86-64 (programs and their brk(2) from 0x5555 5555 4000 on,
// mappings and the stack below 0x7fff ffff f000), and within what valgrind, whose address space is smaller, can give.
constexpr uintptr_t kHeapBegin = 0x4'0000'0000;
constexpr size_t kHeapMost = size_t{1} << 30U;

// How the engine allocates: JS_NewRuntime2.
extern const JSMallocFunctions kEngineMemory;

// A block of a heap that is prepared, in the order in which they were taken from new memory: the same in each preparation.
struct HeapBlock {
  uintptr_t at;  // where it begins, what is in front of it included
  size_t size;   // with that
};

// Where the first blocks of a heap go; all others are behind the end.
struct Places {
  const HeapBlock* blocks = nullptr;
  size_t count = 0;
  uintptr_t end = 0;
};

// From here on memory comes from kHeapBegin on, the first `reserved` bytes left out, 8 more than a multiple of 16. With `spread` each block
// has pages of its own. False with errno.
bool begin_preparing(size_t reserved, const Places& places, bool spread);
// The end of what has been taken so far.
[[nodiscard]] uintptr_t heap_end();
// The blocks so far, where they are spread.
[[nodiscard]] const HeapBlock* spread_blocks(size_t& count);

}  // namespace tsrun
