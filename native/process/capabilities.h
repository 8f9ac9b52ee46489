// The capability sets of the user's program (man 7 capabilities); bounding.h has the fifth.
#pragma once

#include "base/context.h"

namespace tsrun {

// capabilities {effective, permitted, inheritable, ambient}: bit masks. Comes after `user`: it ends the keeping of
// capabilities that `user` began.
Status capabilities(Context& context, Arguments arguments);

}  // namespace tsrun
