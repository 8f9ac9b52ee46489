// What the tests must leave as it was: `node scripts/host-state.mjs save FILE` before them, `... compare FILE` after them. Names each thing that
// is new, gone or other, and fails if there is one.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const text = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

const names = (path) => {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
};

/** Mode, owner and, for a link, its target. */
function identity(path) {
  try {
    const status = lstatSync(path);
    const link = status.isSymbolicLink() ? ` -> ${readlinkSync(path)}` : '';
    const device = status.isBlockDevice() || status.isCharacterDevice() ? ` ${status.rdev}` : '';
    return `${status.mode.toString(8)} ${status.uid}:${status.gid}${device}${link}`;
  } catch {
    return undefined;
  }
}

/** Of these directories and what is right in them: who may do what. */
const DIRECTORIES = ['/', '/bin', '/boot', '/dev', '/etc', '/etc/apparmor.d', '/home', '/lib', '/lib/modules', '/mnt', '/opt', '/root', '/run', '/sbin', '/srv', '/tmp', '/usr', '/usr/bin', '/usr/lib', '/usr/local', '/usr/local/bin', '/usr/sbin', '/usr/share', '/var', '/var/lib', '/var/tmp', '/proc/sys', '/sys/fs/cgroup', '/dev/shm', '/dev/mqueue', '/run/netns']; // prettier-ignore

/** What others come and go with: files of a build and of npm, sockets of a bus. */
const PASSING =
  /^\/run\/tsrun$|^(\/var)?\/tmp\/(?!tsrun-)|^(\/var)?\/tmp\/tsrun-(test-cache|vm-kernel-[\d.]+|vm-[a-z]+(-emulated)?|engine-[\d.]+(-lib)?|sysroot-\w+)-[0-9a-f]{12}$|^\/dev\/(pts|char|block)\/|^\/root\/\.(npm|cache|node-gyp)/;

function permissions() {
  const found = {};
  for (const directory of DIRECTORIES) {
    found[directory] = identity(directory);
    for (const name of names(directory)) {
      const path = join(directory, name);
      if (!PASSING.test(path)) found[path] = identity(path);
    }
  }
  return found;
}

/** Contents of what says who there is and what is mounted. */
function files() {
  const paths = ['/etc/passwd', '/etc/group', '/etc/shadow', '/etc/subuid', '/etc/subgid', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/etc/fstab', '/etc/apt/sources.list']; // prettier-ignore
  return Object.fromEntries(paths.map((path) => [path, digest(text(path))]));
}

const digest = (content) => (content === undefined ? undefined : createHash('sha256').update(content).digest('hex').slice(0, 16));

/** By mount point and what is there; the numbers of mounts differ from one to the next. */
function mounts() {
  const found = {};
  for (const line of text('/proc/self/mountinfo').trim().split('\n')) {
    const [before, after] = line.split(' - ');
    const [, , device, root, point, options, ...shared] = before.split(' ');
    const key = `${point} ${root} ${device}`;
    found[found[key] === undefined ? key : `${key} again`] = `${options} ${shared.map((word) => word.split(':')[0]).join(' ')} ${after}`;
  }
  return found;
}

/** What counts and is no setting. */
const COUNTS = /^\/proc\/sys\/(fs\/(dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota\/|binfmt_misc\/)|kernel\/(random\/|perf_event_max_sample_rate$|hung_task_detect_count$|ns_last_pid|pty\/nr|tainted|cad_pid|keys\/)|net\/netfilter\/nf_conntrack_count|vm\/stat_refresh|net\/(netfilter|bridge)\/|net\/.*\/stable_secret|debug\/)/; // prettier-ignore

function sysctls(directory = '/proc/sys', found = {}) {
  for (const name of names(directory)) {
    const path = join(directory, name);
    if (COUNTS.test(path) || COUNTS.test(`${path}/`)) continue;
    if (lstatSync(path).isDirectory()) sysctls(path, found);
    else found[path] = text(path)?.trim();
  }
  return found;
}

/** Every cgroup of every hierarchy, with its settings. */
function cgroups(directory = '/sys/fs/cgroup', found = {}) {
  let entries = [];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return found;
  }
  found[directory] = identity(directory);
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) cgroups(path, found);
    else if (/\.(max|high|low|min|weight|shares|cpus|mems|limit_in_bytes|cfs_quota_us|subtree_control|type|freeze|list)$/.test(entry.name))
      found[path] = text(path)?.trim();
  }
  return found;
}

/** By pid and start, without kernel threads: what is new is somebody's who did not end it. */
function processes() {
  const ours = new Set();
  for (let pid = String(process.pid); pid !== '0' && pid !== undefined;) {
    ours.add(pid);
    pid = /^PPid:\t(\d+)$/m.exec(text(`/proc/${pid}/status`) ?? '')?.[1];
  }
  const found = {};
  for (const pid of names('/proc').filter((name) => /^\d+$/.test(name) && !ours.has(name))) {
    const stat = text(`/proc/${pid}/stat`);
    const command = text(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim();
    if (stat === undefined) continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // kernel threads, children of the second process; and what is neither by its words nor by its cgroup the tests'
    if (pid === '2' || fields[1] === '2' || !OURS.test(`${command} ${text(`/proc/${pid}/cgroup`)}`)) continue;
    found[`${pid} since ${fields[19]}`] = (command || stat.slice(stat.indexOf('('), stat.lastIndexOf(')') + 1)).slice(0, 160);
  }
  return found;
}

function keyrings() {
  const found = {};
  for (const line of (text('/proc/keys') ?? '').trim().split('\n')) {
    const [, , , , , uid, gid, type, ...description] = line.trim().split(/\s+/);
    // of a session, which ends with it
    if (type === 'keyring') found[`${type} ${uid}:${gid} ${description.join(' ').replace(/: \d+$/, '')}`] = 'there';
  }
  return found;
}

function networkDevices() {
  const show = spawnSync('ip', ['-json', 'address'], { encoding: 'utf8' });
  if (show.status !== 0) throw new Error(`ip -json address: ${show.error?.message ?? show.stderr}`);
  return Object.fromEntries(
    JSON.parse(show.stdout).map((device) => [
      device.ifname,
      `${device.flags.join(',')} ${device.addr_info.map((address) => `${address.local}/${address.prefixlen}`).join(' ')}`,
    ]),
  );
}

function units() {
  if (!existsSync('/run/systemd/system')) return {};
  const { status, stdout, stderr } = spawnSync('systemctl', ['list-units', '--all', '--plain', '--no-legend', '--type=service,scope,slice,mount,timer'], { encoding: 'utf8' }); // prettier-ignore
  if (status !== 0) throw new Error(`systemctl list-units: ${stderr}`);
  // timers and sessions come and go by themselves
  const ours = stdout.split('\n').filter((line) => /tsrun|docker|libpod|runc|crun|buildah/.test(line));
  return Object.fromEntries(ours.map((line) => [line.split(/\s+/)[0], line.split(/\s+/)[2]]));
}

/** What belongs to the whole machine besides: System V objects, loop devices, profiles, swap. Modules come with what is used, and stay. */
function objects() {
  const found = {};
  for (const kind of ['shm', 'sem', 'msg']) for (const line of (text(`/proc/sysvipc/${kind}`) ?? '').trim().split('\n').slice(1)) found[`${kind} ${line.trim().split(/\s+/)[1]}`] = 'there'; // prettier-ignore
  for (const name of names('/sys/block')) if (existsSync(`/sys/block/${name}/loop`)) found[`/dev/${name}`] = text(`/sys/block/${name}/loop/backing_file`)?.trim(); // prettier-ignore
  for (const name of names('/sys/kernel/security/apparmor/policy/profiles')) found[`profile ${name}`] = 'there';
  found['swap'] = text('/proc/swaps')?.replace(/\s+/g, ' ');
  return found;
}

const parts = { permissions, files, mounts, sysctls, cgroups, processes, keyrings, networkDevices, units, objects };

/** In the names and cgroups of what tests begin. */
const OURS = /tsrun|docker|libpod|buildah|conmon|containerd|qemu-system|ubd0=/;

/** What is other: a line a thing. */
function differences(before, after) {
  const said = [];
  for (const name of Object.keys(parts)) {
    const [old, now] = [before[name] ?? {}, after[name]];
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      if (old[key] === now[key]) continue;
      // what others end or remove is theirs, and so is what they begin
      if (['processes', 'cgroups'].includes(name) && now[key] === undefined) continue;
      if (name === 'cgroups' && old[key] === undefined && !OURS.test(key)) continue;
      if (old[key] === undefined) said.push(`${name}: new: ${key}: ${now[key]}`);
      else if (now[key] === undefined) said.push(`${name}: gone: ${key}: ${old[key]}`);
      else said.push(`${name}: ${key}: was ${old[key]}, is ${now[key]}`);
    }
  }
  return said;
}

const [verb, file] = process.argv.slice(2);
const now = () => JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(parts).map(([name, read]) => [name, read()]))));
if (verb === 'save') {
  writeFileSync(file, JSON.stringify(now()));
} else if (verb === 'compare') {
  const said = differences(JSON.parse(readFileSync(file, 'utf8')), now());
  process.stdout.write(said.length === 0 ? 'host: as it was\n' : said.map((line) => `host: ${line}\n`).join(''));
  process.exitCode = said.length === 0 ? 0 : 1;
} else {
  process.stderr.write('usage: node scripts/host-state.mjs save|compare FILE\n');
  process.exitCode = 2;
}
