// Finds a program as execvp(3) would, but says what is wrong with it.
#pragma once

#include "base/status.h"

namespace tsrun {

// The path of `name` to execute, in `buffer` or `name` itself: a name with a slash is that file, any other is looked for in
// the directories of `path` (PATH of the environment; nullptr: it has none, a usual one is taken).
Result<const char*> find_program(const char* name, const char* path, Text<4096>& buffer);

}  // namespace tsrun
