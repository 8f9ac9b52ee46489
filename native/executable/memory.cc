#include "executable/memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "executable/prepared.h"
#include "process/supervise_host.h"

namespace tsrun {
namespace {

// The segments of the program that nobody may write to: MADV_DONTNEED on a private mapping of a file forgets the pages that were
// written (man 2 madvise), and of these there are none. The rest, which has relocations in it, stays.
int forget_file(dl_phdr_info* info, size_t /*size*/, void* /*data*/) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int at = 0; at < info->dlpi_phnum; at++) {
    const auto& segment = info->dlpi_phdr[at];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t begin = (info->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const uintptr_t end = info->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // NOLINT(performance-no-int-to-ptr)
  }
  // the first is the program; behind it comes the kernel's vDSO
  return 1;
}

void give_back() {
  malloc_trim(0);
  forget_heap();
  dl_iterate_phdr(forget_file, nullptr);
}

}  // namespace

void give_back_when_settled() { call_when_settled(give_back); }

}  // namespace tsrun
