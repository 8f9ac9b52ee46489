// Who the process is: its ids and the names of the machine it believes to be on.
#include <sys/utsname.h>
#include <unistd.h>

#include <climits>
#include <cstdio>

#include "base/status.h"
#include "demo/report.h"

namespace tsrun::demo {

void report_identity() {
  heading("Process");
  line("process id", "%d, parent %d", getpid(), getppid());
  line("user", "uid %u, gid %u", getuid(), getgid());
  gid_t groups[64];
  const int count = getgroups(64, groups);
  Text<1024> list;
  for (int i = 0; i < count; i++) list.append(i > 0 ? " " : "").append_number(groups[i]);
  line("further groups", "%s", count > 0 ? list.c_str() : "none");
  char cwd[PATH_MAX];
  line("directory", "%s", getcwd(cwd, sizeof cwd) != nullptr ? cwd : "unknown");
  utsname names = {};
  if (uname(&names) == 0) {
    line("host name", "%s", names.nodename);
    line("domain name", "%s", names.domainname);
    line("kernel", "%s %s", names.sysname, names.release);
  }
}

}  // namespace tsrun::demo
