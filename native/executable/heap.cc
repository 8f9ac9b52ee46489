#include "executable/heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/time.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>

// Whether the engine leaves every block to us, or has small ones in pools of its own (scripts/engine.mjs).
extern "C" int tsrun_no_pools;
int tsrun_no_pools = 1;

namespace tsrun {
namespace {

// In front of each block of ours: the bytes that may be used of it. What is used begins at a multiple of 16, as malloc(3)'s does.
constexpr size_t kStep = 16;
constexpr size_t kHeader = sizeof(size_t);

// What a call takes first, in blocks of at most kLargest bytes.
alignas(4096) std::array<char, size_t{256} << 10U> g_near;
constexpr size_t kLargest = 2048;

// Where the next block of ours begins, and what it may not go beyond.
uintptr_t g_at = 0;
uintptr_t g_end = 0;
bool g_preparing = false;
Places g_places;
size_t g_placed = 0;
// Where blocks are spread: all of them.
constexpr size_t kPage = 4096;
constexpr size_t kMostBlocks = kHeapMost / kPage;
HeapBlock* g_blocks = nullptr;

// What was given back of it, by steps of its size, each block with the address of the next; the last list has all larger ones.
constexpr size_t kLists = kLargest / kStep + 2;
std::array<void*, kLists> g_free;

uintptr_t address(const void* block) { return reinterpret_cast<uintptr_t>(block); }
bool prepared(const void* block) { return address(block) - kHeapBegin < kHeapMost; }
bool near(const void* block) { return address(block) - address(&g_near) < sizeof g_near; }

size_t& size_of(void* block) { return *reinterpret_cast<size_t*>(static_cast<char*>(block) - kHeader); }

size_t usable(size_t size) { return (size + kHeader + kStep - 1) / kStep * kStep - kHeader; }

void*& list_of(size_t size) { return g_free[size / kStep < kLists ? size / kStep : kLists - 1]; }

void*& next_of(void* block) { return *static_cast<void**>(block); }

// New memory for a block of that size, or 0.
uintptr_t new_place(size_t size) {
  if (g_placed < g_places.count) {
    const HeapBlock& place = g_places.blocks[g_placed++];
    // the second preparation went another way than the first
    if (place.size != size) abort();
    return place.at;
  }
  if (g_end - g_at < size || (g_blocks != nullptr && g_placed == kMostBlocks)) return 0;
  const uintptr_t at = std::exchange(g_at, g_at + size);
  if (g_blocks != nullptr) {
    g_blocks[g_placed++] = {at, size};
    g_at = (g_at + kPage - 1) / kPage * kPage;
  }
  return at;
}

// A block of ours, or nullptr.
void* place(size_t asked) {
  const size_t size = usable(asked);
  if (size < asked) return nullptr;
  for (void** link = &list_of(size); *link != nullptr; link = &next_of(*link)) {
    void* block = *link;
    if (size_of(block) != size) continue;
    *link = next_of(block);
    next_of(block) = nullptr;
    return block;
  }
  const uintptr_t at = new_place(size + kHeader);
  if (at == 0) return nullptr;
  auto* block = reinterpret_cast<char*>(at) + kHeader;  // NOLINT(performance-no-int-to-ptr)
  size_of(block) = size;
  return block;
}

void* take(size_t size) {
  if (g_at == 0) {
    g_at = address(&g_near) + kHeader;
    g_end = address(&g_near) + sizeof g_near;
  }
  if (size <= kLargest || g_preparing) {
    if (void* block = place(size); block != nullptr || g_preparing) return block;
    // whoever takes more stays for a while: the engine's pools can give back
    tsrun_no_pools = 0;
  }
  return malloc(size);
}

void give(void* block) {
  if (prepared(block) != g_preparing || !(prepared(block) || near(block))) {
    // of a heap nothing is given back, and while one is prepared nothing of what was there before
    if (!prepared(block) && !near(block)) free(block);
    return;
  }
  const size_t size = size_of(block);
  // two preparations leave the same bytes
  if (g_preparing) memset(block, 0, size);
  void*& list = list_of(size);
  next_of(block) = list;
  list = block;
}

void* engine_malloc(void* /*opaque*/, size_t size) { return take(size); }

void* engine_calloc(void* /*opaque*/, size_t count, size_t size) {
  size_t all = 0;
  if (__builtin_mul_overflow(count, size, &all)) return nullptr;
  if (all > kLargest && !g_preparing) return calloc(count, size);
  void* block = take(all);
  return block == nullptr ? nullptr : memset(block, 0, all);
}

void engine_free(void* /*opaque*/, void* block) {
  if (block != nullptr) give(block);
}

void* engine_realloc(void* /*opaque*/, void* block, size_t size) {
  if (block != nullptr && !prepared(block) && !near(block)) return realloc(block, size);
  if (block != nullptr && size == 0) {
    give(block);
    return nullptr;
  }
  const size_t before = block == nullptr ? 0 : size_of(block);
  if (block != nullptr && size <= before && usable(size) == before) return block;
  void* moved = take(size);
  if (moved == nullptr || block == nullptr) return moved;
  memcpy(moved, block, before < size ? before : size);
  give(block);
  return moved;
}

size_t engine_usable_size(const void* block) {
  auto* ours = const_cast<void*>(block);
  return prepared(block) || near(block) ? size_of(ours) : malloc_usable_size(ours);
}

}  // namespace

const JSMallocFunctions kEngineMemory = {engine_calloc, engine_malloc, engine_free, engine_realloc, engine_usable_size};

bool begin_preparing(size_t reserved, const Places& places, bool spread) {
  void* begin = reinterpret_cast<void*>(kHeapBegin);  // NOLINT(performance-no-int-to-ptr)
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  if (mmap(begin, kHeapMost, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, -1, 0) != begin) return false;
  if (spread) {
    void* blocks = mmap(nullptr, kMostBlocks * sizeof(HeapBlock), PROT_READ | PROT_WRITE, flags, -1, 0);
    if (blocks == MAP_FAILED) return false;
    g_blocks = static_cast<HeapBlock*>(blocks);
  }
  g_at = places.count > 0 ? places.end : kHeapBegin + reserved;
  g_end = kHeapBegin + kHeapMost;
  g_places = places;
  g_placed = 0;
  g_free = {};
  g_preparing = true;
  return true;
}

const HeapBlock* spread_blocks(size_t& count) {
  count = g_placed;
  return g_blocks;
}

uintptr_t heap_end() { return g_at; }

}  // namespace tsrun

// --- C++'s own; the forms that are not here come down to these

void* operator new(size_t size) {
  void* block = tsrun::take(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void operator delete(void* block) noexcept {
  if (block != nullptr) tsrun::give(block);
}

void operator delete(void* block, size_t /*size*/) noexcept {
  if (block != nullptr) tsrun::give(block);
}

// --- the clocks, by the linker's --wrap: what the engine keeps of them (the seed of Math.random, which nothing here uses, and where
// performance.now() counts from) must be the same in every build

extern "C" {
int __real_gettimeofday(timeval* time, void* zone);         // NOLINT(bugprone-reserved-identifier)
int __real_clock_gettime(clockid_t clock, timespec* time);  // NOLINT(bugprone-reserved-identifier)

int __wrap_gettimeofday(timeval* time, void* zone) {  // NOLINT(bugprone-reserved-identifier)
  if (!tsrun::g_preparing) return __real_gettimeofday(time, zone);
  *time = {};
  return 0;
}

int __wrap_clock_gettime(clockid_t clock, timespec* time) {  // NOLINT(bugprone-reserved-identifier)
  if (!tsrun::g_preparing) return __real_clock_gettime(clock, time);
  *time = {};
  return 0;
}
}
