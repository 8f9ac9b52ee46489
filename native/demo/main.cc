// The demo's program: reports what a process sees from inside a container. It needs no other file in the container.
// Arguments: the host's namespaces as name=inode, to compare with.
#include <cstdio>

#include "demo/report.h"

int main(int argc, char** argv) {
  using namespace tsrun::demo;  // NOLINT(google-build-using-namespace): this is its main
  puts("What this process sees");
  report_identity();
  report_namespaces(argc - 1, argv + 1);
  report_capabilities();
  report_confinement();
  report_mounts();
  report_devices();
  report_cgroup();
  report_limits();
  return 0;
}
