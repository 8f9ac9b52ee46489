// Compiled filters, kept from one container to the next.
//
// A file holds one filter with the whole text it was made from, and is only believed when that text is the same: two
// profiles never share a filter because of a hash. It is complete or not there (written aside, then renamed). There are 64 files
// of 16 MiB together at most: a new one takes the place of the oldest.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

// The filter for exactly this `key` in `directory`: a read-only descriptor at its first instruction. Not valid: there is
// none, or what is there is damaged, somebody else's, or writable for others.
Fd open_cached_filter(const std::string& directory, std::string_view key);

// Keeps `filter` for `key` in `directory` (made with mode 0700 when it is missing) and returns it open, as above. When it
// cannot be kept it comes back in a memory file, since a container needs no cache to start. Fails when there is neither.
Result<Fd> keep_filter(const std::string& directory, std::string_view key, std::string_view filter);

}  // namespace tsrun
