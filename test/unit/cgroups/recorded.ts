/** Files of a cgroup as Linux 6.12 wrote them: of one that had reached its cpu, memory, pids and hugetlb limits, after its processes ended. */
export const LINUX_6_12: Readonly<Record<string, string>> = {
  'cgroup.procs': '',
  'cpu.max': '20000 100000\n',
  'cpu.stat': `usage_usec 8395603
user_usec 6554630
system_usec 1840972
nice_usec 0
nr_periods 424
nr_throttled 418
throttled_usec 31650085
nr_bursts 1
burst_usec 10000
`,
  'cpu.pressure': `some avg10=55.73 avg60=26.77 avg300=7.08 total=22455835
full avg10=55.73 avg60=26.77 avg300=7.08 total=22451970
`,
  'cpuset.cpus': '\n',
  'cpuset.cpus.effective': '0-1\n',
  'cpuset.mems.effective': '0\n',
  'memory.current': '77824\n',
  'memory.peak': '41943040\n',
  'memory.max': '41943040\n',
  'memory.swap.current': '0\n',
  'memory.swap.peak': '0\n',
  'memory.swap.max': '0\n',
  'memory.swap.events': 'high 0\nmax 0\nfail 0\n',
  'memory.stat': `anon 0
file 0
kernel 77824
kernel_stack 0
percpu 64
slab_reclaimable 67144
slab_unreclaimable 1640
slab 68784
pgscan 1590
pgfault 4160
pgmajfault 32
thp_fault_alloc 14
`,
  'memory.events': `low 0
high 0
max 63
oom 1
oom_kill 1
oom_group_kill 0
`,
  'memory.pressure': `some avg10=2.56 avg60=0.51 avg300=0.10 total=372463
full avg10=2.56 avg60=0.51 avg300=0.10 total=372463
`,
  'pids.current': '0\n',
  'pids.peak': '3\n',
  'pids.max': '3\n',
  'pids.events': 'max 3\n',
  'io.stat': '254:0 rbytes=6127616 wbytes=8388608 rios=161 wios=8 dbytes=0 dios=0\n',
  'io.pressure': `some avg10=0.00 avg60=0.00 avg300=0.00 total=26923
full avg10=0.00 avg60=0.00 avg300=0.00 total=26923
`,
  'hugetlb.1GB.current': '0\n',
  'hugetlb.1GB.max': 'max\n',
  'hugetlb.1GB.events': 'max 0\n',
  'hugetlb.1GB.rsvd.current': '0\n',
  'hugetlb.1GB.rsvd.max': 'max\n',
  'hugetlb.2MB.current': '4194304\n',
  'hugetlb.2MB.max': '4194304\n',
  'hugetlb.2MB.events': 'max 1\n',
  'hugetlb.2MB.rsvd.current': '8388608\n',
  'hugetlb.2MB.rsvd.max': 'max\n',
  'rdma.current': '',
  'rdma.max': '',
  'misc.current': '',
  'misc.max': '',
  'misc.peak': '',
  'misc.events': '',
};
