// A heap in which everything is evaluated already: the build runs the program once, writes down its heap, and links the program again with
// that behind it. A call then maps it where it was made and goes on from there; a page of it is read from the file when it is used, and
// copied when it is written to. The heap is always at one address. The program's code, the stack, and all other memory are wherever the
// kernel places them: what points into the program is written down apart and set right at the start.
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

// Writes the payload with the heap as it is now to the file, for this program's next link; `lines` are those of the script.
Status write_heap(const Beginnings& beginnings, std::string_view lines, const char* path);

// Bytes at the heap's beginning that are not the engine's.
size_t heap_header();

// Whether a word of the heap is an address of this program, which is another in each process.
bool of_program(uintptr_t word);

// Maps the heap that is this program's payload, which is then no longer where it was.
Status map_heap(Beginnings& beginnings);
bool heap_is_mapped();

// Gives back the pages of it that nobody has written to: they are still in the file.
void forget_heap();

// Where the lines of its script come from (scripts.h).
std::string_view heap_lines();

}  // namespace tsrun
