import { Call } from './call.js';
import type { GlobalOptions, Surroundings } from './call.js';
import type { Command, Definition } from './command.js';
import { failureText } from './failure.js';
import { program as definition } from './global.js';
import { parseBool } from './goflags.js';
import { load } from './index.js';
import { Log } from './log.js';
import type { Level } from './log.js';
import { print, ReaderGone } from './output.js';
import { parse } from './parse.js';
import type { Value } from './parse.js';
import { absolute } from './paths.js';
import type { Cwd } from './paths.js';
import { UsageError } from './usage.js';
import { trace } from '../trace.js';
import { commit, engine, specVersion, version } from '../version.js';

/** 128 + SIGPIPE, as a shell has it for every other program that nobody reads any more. */
const readerGone = 128 + 13;

/** No command of that name. */
const unknownCommand = 3;

type Values = ReadonlyMap<string, Value>;

function globalOptions(values: Values): GlobalOptions {
  const rootless = (values.get('rootless') as string | undefined) ?? 'auto';
  const forced = rootless === 'auto' ? 'auto' : parseBool(rootless);
  if (forced === undefined) throw new UsageError(`invalid value "${rootless}" for flag -rootless: must be auto, true or false`);
  const manager = values.get('cgroup-manager') as GlobalOptions['cgroupManager'] | undefined;
  return {
    root: values.get('root') as string | undefined,
    cgroupManager: manager ?? (values.get('systemd-cgroup') === true ? 'systemd' : 'cgroupfs'),
    rootless: forced,
  };
}

function makeLog(values: Values, cwd: Cwd): Log {
  const file = values.get('log') as string | undefined;
  const level = values.get('debug') === true ? 'debug' : ((values.get('log-level') as Level | undefined) ?? 'info');
  return new Log({
    file: file === undefined || file === '' || file === '/dev/stderr' ? undefined : absolute(file, cwd),
    format: (values.get('log-format') as 'text' | 'json' | undefined) ?? 'text',
    level,
  });
}

async function printHelp(of: Definition, name: string): Promise<void> {
  const { commandHelp, programHelp } = await import('./help.js');
  print(of === definition ? programHelp(of, name) : commandHelp(of, name));
}

/** Help goes to stdout, for people; the line that says what is wrong to the log, for the caller. */
async function refuse(error: UsageError, of: Definition, name: string, log: Log): Promise<number> {
  try {
    await printHelp(of, name);
  } catch (failure) {
    if (!(failure instanceof ReaderGone)) throw failure;
  }
  log.error(error.message);
  return 1;
}

async function runCommand(
  command: Command,
  words: readonly string[],
  surroundings: Surroundings,
  global: GlobalOptions,
  log: Log,
): Promise<number> {
  const { failure } = command.definition;
  try {
    const { values, args, help } = parse(command.definition, surroundings.program, words);
    if (help) {
      await printHelp(command.definition, surroundings.program);
      return 0;
    }
    return await command.action(new Call(surroundings, global, log, values, args));
  } catch (error) {
    if (error instanceof ReaderGone) return readerGone;
    if (error instanceof UsageError) return refuse(error, command.definition, surroundings.program, log);
    if (error instanceof Error && log.wants('debug')) {
      const { stackText } = await import('./stack.js');
      log.debug(stackText(error));
    }
    const prefix = failure === undefined ? '' : `${failure.prefix.replace('$0', surroundings.program)}: `;
    log.error(prefix + failureText(error));
    return failure?.status ?? 1;
  }
}

/** Does what the words after the program's name say, and returns the exit status. */
export async function runProgram(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const story = { end: (): void => undefined };
  const status = await runWords(words, surroundings, story);
  trace(() => `exit status ${status}`);
  story.end();
  return status;
}

/** @param story its end is to be called when all is done */
async function runWords(words: readonly string[], surroundings: Surroundings, story: { end: () => void }): Promise<number> {
  const { program, cwd } = surroundings;
  let log = new Log({ file: undefined, format: 'text', level: 'info' });
  try {
    const { values, args, help } = parse(definition, program, words);
    let [name, ...rest] = args;
    if (values.get('version') === true) {
      print(`${program} version ${version}\ncommit: ${commit}\nspec: ${specVersion}\nengine: ${engine()}\n`);
      return 0;
    }
    if (!help && (name === 'help' || name === 'h') && rest[0] !== undefined) [name, rest] = [rest[0], ['--help']];
    if (help || name === undefined || name === 'help' || name === 'h') {
      await printHelp(definition, program);
      return 0;
    }
    const global = globalOptions(values);
    const wanted = makeLog(values, cwd);
    wanted.open();
    log = wanted;
    if (log.wants('debug')) {
      const { tellStory } = await import('./debug.js');
      story.end = tellStory(log);
      trace(() => `${program} ${version} (${commit}): ${words.join(' ')}`);
    }
    const loading = load(name);
    if (loading === undefined) {
      log.error(`unknown command "${name}": "${program} help" lists the commands`);
      return unknownCommand;
    }
    return await runCommand(await loading, rest, surroundings, global, log);
  } catch (error) {
    if (error instanceof ReaderGone) return readerGone;
    if (error instanceof UsageError) return refuse(error, definition, program, log);
    log.error(failureText(error));
    return 1;
  }
}
