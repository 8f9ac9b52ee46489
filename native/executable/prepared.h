// A heap in which everything is evaluated already: the build runs the program once, writes down its heap, and links the program again with
// that behind it. A call then maps it where it was made and goes on from there; a page of it is read from the file when it is used, and
// copied when it is written to. The heap is always at one address. The program's code, the stack, and all other memory are wherever the kernel
// places them: what points into the program is written down apart and set right at the start.
#pragma once

#include <quickjs.h>

#include <string_view>

#include "base/status.h"
#include "engine/napi.h"

namespace tsrun {

// What a call goes on with.
struct Beginnings {
  JSContext* context;
  napi_env env;
  JSValue executable;  // what scripts get to know of this program (caller.h)
  JSValue core;        // what the first script exports
};

// Before the first memory of a heap that is to be written is taken.
Status begin_heap();

// Writes the payload with the heap as it is now to the file, for this program's next link; `lines` are those of the script.
Status write_heap(const Beginnings& beginnings, std::string_view lines, const char* path);

// Maps the heap that is this program's payload, which is then no longer where it was.
Status map_heap(Beginnings& beginnings);
bool heap_is_mapped();

// Where the lines of its script come from (scripts.h).
std::string_view heap_lines();

}  // namespace tsrun
