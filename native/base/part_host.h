// The programs that are part of tsrun, beside it: whoever may put another one there acts with the rights of our caller.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

struct Part {
  std::string path;
  std::string self;  // tsrun itself: the executable, or the addon
};

// Opens a part's file with the flags `access`, O_PATH or O_RDONLY. EACCES, with the reason in words, where others could have put it there
// than those who could have replaced tsrun itself: file and directory must be the superuser's, ours or whose tsrun itself is, and writable
// for nobody else for whom that is not.
Result<Fd> open_part(const Part& part, int access);

}  // namespace tsrun
