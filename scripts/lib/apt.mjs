// Where this machine gets its Debian packages from.
import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** The first Debian source in apt's configuration, `{uri, suite, keyring}`, in either of its formats (man 5 sources.list). */
export function aptSource() {
  const directory = '/etc/apt/sources.list.d';
  const more = existsSync(directory) ? readdirSync(directory).map((name) => `${directory}/${name}`) : [];
  for (const file of ['/etc/apt/sources.list', ...more].filter((path) => existsSync(path))) {
    const text = readFileSync(file, 'utf8');
    const found = file.endsWith('.sources') ? fromStanzas(text) : file.endsWith('.list') ? fromLines(text) : undefined;
    if (found) return found;
  }
  return undefined;
}

// other projects' sources are in apt's configuration too; those for security updates have not all packages
const isDebian = (uri) => /debian/.test(uri) && !/debian-security/.test(uri);

function fromStanzas(text) {
  for (const stanza of text.split(/\n\s*\n/)) {
    const field = (name) => new RegExp(`^${name}:[ \\t]*(\\S+)`, 'mi').exec(stanza)?.[1];
    const [uri, suite, keyring] = [field('URIs'), field('Suites'), field('Signed-By')];
    if (uri && suite && isDebian(uri) && /\bmain\b/.test(stanza))
      return { uri, suite, keyring: keyring?.startsWith('/') ? keyring : undefined };
  }
  return undefined;
}

function fromLines(text) {
  for (const [, options = '', uri, suite] of text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s.*\bmain\b/gm)) {
    if (isDebian(uri)) return { uri, suite, keyring: /signed-by=(\/\S+)/.exec(options)?.[1] };
  }
  return undefined;
}
