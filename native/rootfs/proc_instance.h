// A procfs of a pid namespace that we are not in (man 5 proc).
#pragma once

#include "base/context.h"

namespace tsrun {

// To be called before the pid namespace is joined for our children, with the privilege to do so. Where the kernel cannot do
// without, a helper is left behind in our own pid namespace, which opens what `open_proc_instance` asks for: a procfs shows the pid
// namespace of the process that opens it, and we ourselves are not to be seen there before we are what we are to be.
Status prepare_proc_instance(Context& context, int pid_namespace);

// The configuration context (man 2 fsopen) of a new procfs that will show the pid namespace which the plan joined for our children.
Result<Fd> open_proc_instance(const Context& context);

// Fails with ENODEV if it is no procfs that is mounted at `mount`, and with EXDEV if it shows our own pid namespace, whose processes
// would then be the container's to see.
Status is_procfs_of_another(int mount);

}  // namespace tsrun
