#include "executable/prepared.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/fd.h"
#include "executable/heap.h"
#include "executable/payload.h"

// By the linker: where the program begins and ends in memory.
extern "C" const char __executable_start[];  // NOLINT(bugprone-reserved-identifier)
extern "C" const char _end[];                // NOLINT(bugprone-reserved-identifier)

namespace tsrun {
namespace {

constexpr size_t kPage = 4096;

bool g_mapped = false;

// At the heap's first byte. Behind the blocks: where the program's addresses are among them, as offsets; the lines.
struct Heap : Payload {
  size_t size;          // of the payload: pages
  size_t program_size;  // of the program that wrote it
  size_t relocations;
  size_t relocation_count;
  size_t lines;
  size_t lines_size;
  Beginnings beginnings;
};

size_t program_size() { return static_cast<size_t>(_end - __executable_start); }

Heap& heap() { return *reinterpret_cast<Heap*>(kHeapBegin); }  // NOLINT(performance-no-int-to-ptr)

uintptr_t address(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

struct Range {
  uintptr_t begin;
  uintptr_t end;
  [[nodiscard]] bool has(uintptr_t at) const { return at - begin < end - begin; }
};

// What else is mapped in this process.
std::vector<Range> mappings() {
  std::vector<Range> found;
  FILE* maps = fopen("/proc/self/maps", "re");
  if (maps == nullptr) return found;
  char line[1024];
  while (fgets(line, sizeof line, maps) != nullptr) {
    char* end = nullptr;
    const uintptr_t begin = strtoull(line, &end, 16);
    if (*end == '-' && begin != kHeapBegin) found.push_back({begin, strtoull(end + 1, nullptr, 16)});
  }
  fclose(maps);
  return found;
}

// Takes everything out of the words that is only true of this process: addresses of the program are counted from its beginning, those of
// the stack are of frames that have ended. Anything else that is no address of the heap must not be there.
Status settle(uintptr_t* words, size_t count, std::vector<uint32_t>& relocations) {
  const Range program = {address(__executable_start), address(_end)};
  const Range stack = {address(__builtin_frame_address(0)) - (size_t{1} << 20U), getauxval(AT_EXECFN)};
  const auto mapped = mappings();
  if (mapped.empty()) return failed("read", "/proc/self/maps");
  for (size_t at = 0; at < count; at++) {
    uintptr_t& word = words[at];
    if (stack.has(word)) {
      word = 0;
    } else if (program.has(word)) {
      word -= program.begin;
      relocations.push_back(static_cast<uint32_t>(at * sizeof word));
    } else {
      for (const Range& range : mapped) {
        if (range.has(word)) return {kNoErrorWords, "prepare the heap: it has an address of memory that is not in it"};
      }
    }
  }
  return {};
}

Status write_whole(int fd, const void* bytes, size_t size, const char* path) {
  for (const auto* at = static_cast<const char*>(bytes); size > 0;) {
    const ssize_t written = write(fd, at, size);
    if (written <= 0) return failed("write", path);
    at += written;
    size -= static_cast<size_t>(written);
  }
  return {};
}

}  // namespace

size_t heap_header() { return (sizeof(Heap) + 15) / 16 * 16 + 8; }

bool of_program(uintptr_t word) { return Range{address(__executable_start), address(_end)}.has(word); }

Status write_heap(const Beginnings& beginnings, std::string_view lines, const char* path) {
  const size_t used = heap_end() - kHeapBegin;
  // copied: what this process goes on with stays as it is
  std::vector<uintptr_t> words(used / sizeof(uintptr_t));
  Heap& header = heap();
  header.beginnings = beginnings;
  memcpy(words.data(), &header, used);
  std::vector<uint32_t> relocations;
  TSRUN_TRY(settle(words.data(), words.size(), relocations));
  auto& written = *reinterpret_cast<Heap*>(words.data());
  written.kind = PayloadKind::kHeap;
  written.program_size = program_size();
  written.relocations = used;
  written.relocation_count = relocations.size();
  written.lines = used + relocations.size() * sizeof(uint32_t);
  written.lines_size = lines.size();
  const size_t end = written.lines + lines.size();
  written.size = (end + kPage - 1) / kPage * kPage;
  const std::string rest(written.size - end, '\0');
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return failed("open", path);
  TSRUN_TRY(write_whole(fd, words.data(), used, path));
  TSRUN_TRY(write_whole(fd, relocations.data(), relocations.size() * sizeof(uint32_t), path));
  TSRUN_TRY(write_whole(fd, lines.data(), lines.size(), path));
  TSRUN_TRY(write_whole(fd, rest.data(), rest.size(), path));
  if (close(fd) != 0) return failed("close", path);
  return {};
}

Status map_heap(Beginnings& beginnings) {
  if (payload<Heap>().program_size != program_size()) return {kNoErrorWords, "the engine's heap is another program's"};
  const size_t size = payload<Heap>().size;
  // the kernel has mapped it with the program, and nobody has read a page yet
  void* begin = reinterpret_cast<void*>(kHeapBegin);  // NOLINT(performance-no-int-to-ptr)
  if (mremap(tsrun_payload, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, begin) != begin) return failed("mremap", "the engine's heap");
  g_mapped = true;
  const uintptr_t program = address(__executable_start);
  const auto* relocations = reinterpret_cast<const uint32_t*>(kHeapBegin + heap().relocations);  // NOLINT(performance-no-int-to-ptr)
  for (size_t at = 0; at < heap().relocation_count; at++) {
    *reinterpret_cast<uintptr_t*>(kHeapBegin + relocations[at]) += program;  // NOLINT(performance-no-int-to-ptr)
  }
  beginnings = heap().beginnings;
  return {};
}

bool heap_is_mapped() { return g_mapped; }

void forget_heap() {
  if (!g_mapped) return;
  // one word a page; of these bits every process may know its own (Documentation/admin-guide/mm/pagemap.rst)
  constexpr uint64_t kPresent = uint64_t{1} << 63U;
  constexpr uint64_t kOfFile = uint64_t{1} << 61U;
  const size_t count = heap().size / kPage;
  std::vector<uint64_t> pages(count);
  const Fd map(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  const auto size = static_cast<ssize_t>(count * sizeof pages[0]);
  if (pread(map.get(), pages.data(), static_cast<size_t>(size), kHeapBegin / kPage * sizeof pages[0]) != size) return;
  for (size_t at = 0; at < count; at++) {
    size_t end = at;
    while (end < count && (pages[end] & kPresent) != 0 && (pages[end] & kOfFile) != 0) end++;
    if (end == at) continue;
    madvise(reinterpret_cast<void*>(kHeapBegin + at * kPage), (end - at) * kPage, MADV_DONTNEED);  // NOLINT(performance-no-int-to-ptr)
    at = end;
  }
}

std::string_view heap_lines() {
  return {reinterpret_cast<const char*>(kHeapBegin + heap().lines), heap().lines_size};  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace tsrun
