// Debian packages of suites that this machine does not follow, named in scripts/suites.txt.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { aptSource } from './apt.mjs';
import { root, run } from './run.mjs';

/**
 * The packages for something, as scripts/suites.txt has them: `{purpose, suites, name, architecture, tested}`; all without a purpose.
 * `architecture` is Debian's word, written behind the name (`libseccomp-dev:arm64`), and not there for this machine's own.
 */
export function suitePackages(purpose) {
  return readFileSync(join(root, 'scripts/suites.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [forWhat, suites, what, tested] = line.split(' ');
      const [name, architecture] = what.split(':');
      return { purpose: forWhat, suites: suites.split(','), name, ...(architecture && { architecture }), tested };
    })
    .filter((entry) => purpose === undefined || entry.purpose === purpose);
}

/** The mirror that packages come from: TSRUN_VM_MIRROR, or the machine's own. */
export function mirror() {
  const uri = process.env['TSRUN_VM_MIRROR'] ?? aptSource()?.uri;
  if (!uri) throw new Error('apt has no Debian source; name a mirror with TSRUN_VM_MIRROR');
  return uri;
}

/**
 * An apt that knows one suite of the mirror and no other source, with the machine's own settings (a proxy's); its files are below
 * `directory`. With an architecture it takes the machine for one of that, and of no other.
 */
function privateApt(directory, suite, architecture) {
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(directory, name), { recursive: true });
  writeFileSync(join(directory, 'status'), '');
  // bookworm-security has a directory of its own on the mirrors, beside the others'
  const uri = suite.endsWith('-security') ? mirror().replace(/\/debian\/?$/, '/debian-security') : mirror();
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  writeFileSync(join(directory, 'sources.list'), `deb [signed-by=${keyring}] ${uri} ${suite} main\n`);
  const settings = {
    'Dir::State': directory,
    'Dir::State::lists': join(directory, 'lists'),
    'Dir::State::status': join(directory, 'status'),
    'Dir::Cache': join(directory, 'cache'),
    'Dir::Etc::sourcelist': join(directory, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Default-Release': '',
    // the directory may be below one that only we can enter
    'APT::Sandbox::User': 'root',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  if (architecture !== undefined) {
    lines.push(`APT::Architecture "${architecture}";\n#clear APT::Architectures;\nAPT::Architectures { "${architecture}"; };\n`);
  }
  writeFileSync(join(directory, 'apt.conf'), lines.join(''));
  return { ...process.env, APT_CONFIG: join(directory, 'apt.conf'), LC_ALL: 'C.UTF-8' };
}

/**
 * Fetches `packages` of suites.txt, all of one architecture, verified by Debian's keyring, and gives the paths of the files in
 * `directory`. `execute` runs a program as `run` does.
 */
export function fetchPackages(packages, directory, execute = run) {
  const architecture = packages[0]?.architecture;
  if (packages.some((entry) => entry.architecture !== architecture)) throw new Error('packages of one architecture at a time');
  const scratch = mkdtempSync(join(tmpdir(), 'tsrun-apt-'));
  mkdirSync(directory, { recursive: true });
  try {
    let wanted = packages;
    const failures = [];
    for (const suite of new Set(packages.flatMap(({ suites }) => suites))) {
      const here = wanted.filter(({ suites }) => suites.includes(suite));
      if (here.length === 0) continue;
      const env = privateApt(join(scratch, suite), suite, architecture);
      const missing = [];
      try {
        execute('apt-get', ['-q', 'update'], { env, cwd: directory });
      } catch (error) {
        // a suite that is no more, or a network that is not there: the next one may have it
        failures.push(`${suite}: ${error.message}`);
        continue;
      }
      for (const entry of here) {
        try {
          execute('apt-get', ['-q', 'download', entry.name], { env, cwd: directory });
        } catch (error) {
          failures.push(`${suite}: ${error.message}`);
          missing.push(entry);
        }
      }
      wanted = wanted.filter((entry) => !here.includes(entry) || missing.includes(entry));
    }
    if (wanted.length > 0) {
      const names = wanted.map(({ name, suites }) => `${name} (${suites.join(', ')})`).join(', ');
      const why = failures.map((failure) => `\n  ${failure}`).join('');
      throw new Error(`${mirror()} has no ${names}: if a suite has dropped them, put newer ones into scripts/suites.txt${why}`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const files = readdirSync(directory).filter((name) => name.endsWith('.deb'));
  for (const { name, tested } of packages) {
    // a version's epoch is written %3a
    const found = decodeURIComponent(files.find((file) => file.startsWith(`${name}_`))?.split('_')[1] ?? '');
    if (found !== tested) process.stderr.write(`${name} ${found}: another version than the tested ${tested}\n`);
  }
  return files.map((name) => join(directory, name));
}
