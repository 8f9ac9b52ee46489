// Entering namespaces that exist already (man 2 setns).
#pragma once

#include "base/context.h"

namespace tsrun {

// join {slot, flag, type, late}: enters one namespace. With `late`, a refusal for want of privilege is put off until
// `joinRest`, because a user namespace joined in between may bring the privilege.
Status join(Context& context, Arguments arguments);

// joinRest: enters what `join` put off.
Status join_rest(Context& context, Arguments arguments);

// joinProcess {slot, flags}: enters several namespaces of one process, given by its pidfd, at once.
Status join_process(Context& context, Arguments arguments);

}  // namespace tsrun
