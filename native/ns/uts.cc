#include "ns/uts.h"

#include <unistd.h>

namespace tsrun {

Status hostname(Context&, Arguments arguments) {
  const std::string_view name = arguments.text();
  TSRUN_TRY(arguments.finish());
  // Who is in the same namespace already may set another right after: nothing of ours depends on it.
  if (sethostname(name.data(), name.size()) != 0) return failed("set the host name", name);
  return {};
}

Status domainname(Context&, Arguments arguments) {
  const std::string_view name = arguments.text();
  TSRUN_TRY(arguments.finish());
  if (setdomainname(name.data(), name.size()) != 0) return failed("set the domain name", name);
  return {};
}

}  // namespace tsrun
