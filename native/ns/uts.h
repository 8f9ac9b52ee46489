// Host and domain name (man 7 uts_namespaces).
#pragma once

#include "base/context.h"

namespace tsrun {

// hostname {name}
Status hostname(Context& context, Arguments arguments);

// domainname {name}: the NIS domain name.
Status domainname(Context& context, Arguments arguments);

}  // namespace tsrun
