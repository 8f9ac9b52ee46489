#include "executable/prepare.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <tuple>
#include <vector>

#include "executable/heap.h"
#include "executable/scripts.h"

namespace tsrun {
namespace {

constexpr size_t kPage = 4096;
// A larger block fills pages of its own.
constexpr size_t kLarge = kPage / 2;
constexpr uint32_t kMostCalls = 32;

// What is found out about a block: the calls that read it, and that write to it, a bit each.
struct Use {
  uint32_t size;
  uint32_t read;
  uint32_t written;
};

// Shared by the processes of the first preparation.
struct Uses {
  size_t count;
  uint32_t calls;
  Use of[kHeapMost / kPage];
};
Uses* g_uses = nullptr;

// In a call: its number, and what of the heap it cannot touch unseen.
uint32_t g_call = 0;
const HeapBlock* g_blocks = nullptr;

uintptr_t page_of(uintptr_t at) { return at / kPage * kPage; }

Use* use_of(uintptr_t page) {
  const HeapBlock* end = g_blocks + g_uses->count;
  const HeapBlock* next =
      std::upper_bound(g_blocks, end, page + kPage - 1, [](uintptr_t at, const HeapBlock& block) { return at < block.at; });
  return next == g_blocks ? nullptr : &g_uses->of[next - g_blocks - 1];
}

// The access is noted and from then on allowed: first reading, then writing.
void touched(int /*signal*/, siginfo_t* info, void* context) {
  const uintptr_t page = page_of(reinterpret_cast<uintptr_t>(info->si_addr));
  if (page < page_of(g_blocks[0].at) || page >= heap_end()) _exit(3);
#ifdef __x86_64__
  const bool writes = (static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
  const bool writes = context != nullptr;
#endif
  if (Use* use = use_of(page); use != nullptr) (writes ? use->written : use->read) |= 1U << g_call;
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  if (mprotect(reinterpret_cast<void*>(page), kPage, writes ? PROT_READ | PROT_WRITE : PROT_READ) != 0) _exit(4);
}

// Why it went wrong, in words; the caller ends the process.
void complain(JSContext* context, JSValueConst thrown) {
  const char* words = JS_ToCString(context, thrown);
  fprintf(stderr, "prepare: %s; scripts/heap/record.mjs records the calls anew\n", words == nullptr ? "?" : words);
}

// In a process of its own: does the call while nothing of the heap may be touched unseen.
[[noreturn]] void call(const Beginnings& beginnings, JSValue function) {
  JSContext* context = beginnings.context;
  const uintptr_t begin = page_of(g_blocks[0].at);
  // what the call takes itself is behind all that was there
  const uintptr_t end = page_of(heap_end() + kPage - 1);
  struct sigaction action = {};
  action.sa_sigaction = touched;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
  if (mprotect(reinterpret_cast<void*>(begin), end - begin, PROT_NONE) != 0) _exit(2);  // NOLINT(performance-no-int-to-ptr)
  const JSValue promise = JS_Call(context, function, JS_UNDEFINED, 0, nullptr);
  JSContext* where = nullptr;
  while (JS_ExecutePendingJob(JS_GetRuntime(context), &where) > 0) {
  }
  const bool fulfilled = JS_IsObject(promise) && JS_PromiseState(context, promise) == JS_PROMISE_FULFILLED;
  if (!fulfilled) complain(context, JS_IsObject(promise) ? JS_PromiseResult(context, promise) : JS_GetException(context));
  _exit(fulfilled ? 0 : 1);
}

// Waits for a child; whether it ended well.
bool well(pid_t child) {
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

// Of every block whether calls use it.
Status find_uses(Status (*begin)(bool debug, Beginnings& beginnings)) {
  if (!begin_preparing(heap_header(), {}, true)) return failed("mmap", "the heap");
  Beginnings beginnings = {};
  TSRUN_TRY(begin(true, beginnings));
  JSContext* context = beginnings.context;
  JS_RunGC(JS_GetRuntime(context));
  g_blocks = spread_blocks(g_uses->count);
  for (size_t at = 0; at < g_uses->count; at++) {
    Use& use = g_uses->of[at];
    use.size = static_cast<uint32_t>(g_blocks[at].size);
    // what has an address of the program in it is written to at every start
    const auto* words = reinterpret_cast<const uintptr_t*>(g_blocks[at].at);  // NOLINT(performance-no-int-to-ptr)
    if (std::any_of(words, words + use.size / sizeof *words, of_program)) use.written = UINT32_MAX;
  }
  const JSValue replay = scripts().need("replay");
  if (JS_IsException(replay)) {
    complain(context, JS_GetException(context));
    return {kNoErrorWords, "prepare the heap: no calls"};
  }
  const JSValue calls = JS_GetPropertyStr(context, replay, "calls");
  int64_t count = 0;
  JS_GetLength(context, calls, &count);
  for (g_call = 0; g_call < count && g_call < kMostCalls; g_call++) {
    const JSValue function = JS_GetPropertyInt64(context, calls, g_call);
    const pid_t child = fork();
    if (child == 0) call(beginnings, function);
    // what was seen until then counts all the same: it is only a layout
    if (!well(child)) fprintf(stderr, "prepare: recorded call %u went another way\n", g_call);
  }
  g_uses->calls = g_call;
  return {};
}

// Where the blocks go: those that most calls write to, those that the same ones write to side by side, those that are read, the others.
std::vector<HeapBlock> places_of(const Uses& uses, uintptr_t& end) {
  const auto rank = [&](size_t at) {
    const Use& use = uses.of[at];
    const bool large = use.size > kLarge;
    const int written = __builtin_popcount(use.written);
    const int read = __builtin_popcount(use.read);
    const int kind = large ? 2 : written > 0 ? 0 : read > 0 ? 1 : 3;
    return std::tuple(kind, kind == 0 ? -written : -read, kind == 0 ? use.written : use.read, at);
  };
  std::vector<size_t> order(uses.count);
  for (size_t at = 0; at < order.size(); at++) order[at] = at;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rank(a) < rank(b); });
  std::vector<HeapBlock> places(uses.count);
  end = kHeapBegin + heap_header();
  for (const size_t at : order) {
    places[at] = {end, uses.of[at].size};
    end += uses.of[at].size;
  }
  return places;
}

}  // namespace

Status prepare(Status (*begin)(bool debug, Beginnings& beginnings), const char* path) {
  void* shared = mmap(nullptr, sizeof(Uses), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (shared == MAP_FAILED) return failed("mmap", "what is found out");
  g_uses = static_cast<Uses*>(shared);
  // nothing of who builds is in the heap, nor decides what calls do
  if (clearenv() != 0) return failed("clearenv");
  const pid_t child = fork();
  if (child == 0) {
    const Status status = find_uses(begin);
    if (!status.ok()) fprintf(stderr, "%s: %s\n", status.text().data(), status.err() == kNoErrorWords ? "" : strerror(status.err()));
    _exit(status.ok() ? 0 : 1);
  }
  if (!well(child)) return {kNoErrorWords, "prepare the heap: no layout"};
  // before the first block is taken: not in the heap
  uintptr_t end = 0;
  static std::vector<HeapBlock> places;
  places = places_of(*g_uses, end);
  if (!begin_preparing(heap_header(), {places.data(), places.size(), end}, false)) return failed("mmap", "the heap");
  Beginnings beginnings = {};
  TSRUN_TRY(begin(true, beginnings));
  JS_RunGC(JS_GetRuntime(beginnings.context));
  const Bytes lines = script_at(find_script("core")).lines;
  TSRUN_TRY(write_heap(beginnings, {reinterpret_cast<const char*>(lines.begin), lines.size}, path));
  _exit(0);
}

}  // namespace tsrun
