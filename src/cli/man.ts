import { shown } from './all.js';
import type { Definition, ExitCode, Flag } from './command.js';
import { program as global } from './global.js';
import { date, version } from '../version.js';

/** Text for roff(7): no escape, no line that is taken for a macro, and a dash that can be copied. */
function text(words: string): string {
  return roff(words).split('\n').map(fill).join('\n');
}

function roff(words: string): string {
  return words.replace(/\\/g, '\\e').replace(/-/g, '\\-').replace(/~/g, '\\(ti').replace(/\^/g, '\\(ha');
}

/** Breaks a long line of text, and keeps what would be taken for a macro from standing at the beginning of one. */
function fill(line: string): string {
  const lines = [''];
  for (const word of line.split(' ')) {
    const last = lines[lines.length - 1] ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= 76) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((each) => (/^[.']/.test(each) ? `\\&${each}` : each)).join('\n');
}

const bold = (words: string): string => `\\fB${roff(words)}\\fR`;
const italic = (words: string): string => `\\fI${roff(words)}\\fR`;

/** Sentences start lines of their own, which is how roff knows that they are sentences. */
function paragraphs(list: readonly string[]): string {
  return list.map((each) => text(each.replace(/([.:;]) (?=[A-Z])/g, '$1\n'))).join('\n.PP\n') + '\n';
}

function flagEntry(flag: Flag): string {
  const value = flag.value === undefined ? '' : ` ${italic(flag.value)}`;
  const short = flag.short === undefined ? '' : `${bold(`-${flag.short}`)}, `;
  return `.TP\n${short}${bold(`--${flag.name}`)}${value}\n${text(flag.help)}\n`;
}

function flagEntries(flags: readonly Flag[]): string {
  return flags
    .filter((flag) => flag.hidden !== true)
    .map(flagEntry)
    .join('');
}

function usage(definition: Definition): string {
  const words = definition.arguments.map(({ name, optional, rest }) => {
    const word = italic(name) + (rest === true ? ' ...' : '');
    return optional === true ? `[${word}]` : word;
  });
  return [bold(definition.name), ...(definition.flags.length > 0 ? [`[${italic('FLAGS')}]`] : []), ...words].join(' ');
}

function exitEntries(codes: readonly ExitCode[]): string {
  return codes.map(({ code, meaning }) => `.TP\n${bold(code)}\n${text(meaning)}\n`).join('');
}

function examples(definition: Definition, program: string): string {
  return definition.examples.map(({ words, does }) => `.TP\n${bold(`${program} ${words}`)}\n${text(does)}\n`).join('');
}

function section(definition: Definition): string {
  const arguments_ = definition.arguments.map(({ name, help }) => `.TP\n${italic(name)}\n${text(help)}\n`).join('');
  const codes = definition.exitCodes === undefined ? '' : `.PP\nExit status:\n${exitEntries(definition.exitCodes)}`;
  return `.SS ${usage(definition)}\n${paragraphs(definition.description)}${arguments_}${flagEntries(definition.flags)}${codes}`;
}

/** The manual page, in man(7). */
export function manual(program: string): string {
  return `.TH ${program.toUpperCase()} 8 ${date} "${program} ${version}"
.SH NAME
${fill(`${text(program)} \\- ${roff(global.summary)}`)}
.SH SYNOPSIS
${bold(program)} [${italic('FLAGS')}] ${italic('COMMAND')} [${italic('ARGUMENT')} ...]
.SH DESCRIPTION
${paragraphs(global.description)}.SH FLAGS
These stand before the command.
Every flag may be written with one dash or two, and its value as
${bold('--flag value')} or ${bold('--flag=value')}.
${flagEntries(global.flags)}.TP
${bold('-h')}, ${bold('--help')}
show help, after a command for that command
.SH COMMANDS
${shown.map(section).join('')}.SH EXIT STATUS
.TP
${bold('0')}
success
.TP
${bold('1')}
an error
${exitEntries([...(global.exitCodes ?? []), ...shown.flatMap((each) => each.exitCodes ?? []).filter(({ meaning }, at, all) => all.findIndex((other) => other.meaning === meaning) === at)])}.SH ENVIRONMENT
.TP
${bold('XDG_RUNTIME_DIR')}
where the state is kept for a user other than root
.TP
${bold('NOTIFY_SOCKET')}
the service manager's socket, as in
.BR sd_notify (3):
what the container says to a socket of its own is passed on to that one;
.B start
and
.B run --detach
return when it is ready, or has ended
.TP
${bold('LISTEN_FDS')}
so many file descriptors from 3 on are passed to the program, as in
.BR sd_listen_fds (3);
without LISTEN_PID only if all of them are open
.SH FILES
.TP
.I /run/tsrun
the state of containers
.SH EXAMPLES
${examples(global, program)}${shown.map((each) => examples(each, program)).join('')}.SH SEE ALSO
.BR namespaces (7),
.BR cgroups (7),
.BR capabilities (7),
.BR ps (1)
`;
}
