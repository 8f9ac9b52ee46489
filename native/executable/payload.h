// What the build puts behind the program, in a section of its own whose place does not depend on what is in it: the scripts, or the heap
// that they leave behind once all are evaluated (prepared.h). So a heap that one program wrote fits the other.
#pragma once

#include <cstdint>

namespace tsrun {

enum class PayloadKind : uint64_t {
  kScripts = 1,  // each is read when it is first needed
  kToPrepare,    // one that has everything in it, evaluated by the build
  kHeap,
};

// Begins every payload. Offsets are from here.
struct Payload {
  PayloadKind kind;
};

// By the linker.
extern "C" alignas(4096) unsigned char tsrun_payload[];

// The payload, which begins with a T.
template <class T = Payload>
T& payload() {
  return *reinterpret_cast<T*>(tsrun_payload);
}

}  // namespace tsrun
