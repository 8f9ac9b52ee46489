import { native } from '../native.js';
import { failureText } from './failure.js';

/** From the most to the least urgent. */
export const levels = ['error', 'warning', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

export interface LogOptions {
  /** Absolute path; undefined is standard error. */
  readonly file: string | undefined;
  readonly format: 'text' | 'json';
  /** What is less urgent is dropped. */
  readonly level: Level;
}

/** One line, in the form that engines know from logrus. `time` is RFC 3339. */
export function formatLine(format: 'text' | 'json', level: Level, message: string, time: string): string {
  if (format === 'json') return `${JSON.stringify({ level, msg: message, time })}\n`;
  return `time=${JSON.stringify(time)} level=${level} msg=${JSON.stringify(message)}\n`;
}

/** Where warnings and errors go. */
export class Log {
  readonly #options: LogOptions;
  readonly #warned = new Set<string>();
  #broken = false;
  #untold = false;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** Whether lines of this level are written at all. */
  wants(level: Level): boolean {
    return levels.indexOf(level) <= levels.indexOf(this.#options.level);
  }

  /** Makes the file, so that one that cannot be written is known before anything is done. */
  open(): void {
    if (this.#options.file !== undefined) native().openToAppend(this.#options.file);
  }

  /**
   * Writes one line, if the level is wanted. Fails once at most: after that nothing more is written, for what is undone then is not to fail
   * as well. Nor is anything where a signal came while nobody read: that is no failure, and the signal ends what comes next.
   */
  write(level: Level, message: string): void {
    const { file, format } = this.#options;
    if (this.#broken || !this.wants(level)) return;
    // whole seconds, as logrus has them; microseconds where the time between two lines says something
    const line = formatLine(
      format,
      level,
      message,
      `${native()
        .now()
        .slice(0, level === 'debug' ? 26 : 19)}Z`,
    );
    try {
      this.#broken = !(file === undefined ? native().write(2, line) : native().appendFile(file, line));
    } catch (error) {
      this.#broken = level !== 'debug';
      throw error;
    }
  }

  /** A failure: to the log, and in plain words to standard error when the log is elsewhere, for the one who typed the command. */
  error(message: string): void {
    const apart = this.#options.file !== undefined;
    if (apart) this.#say(message);
    try {
      this.write('error', message);
    } catch (error) {
      const words = failureText(error);
      if (apart && !message.endsWith(words)) this.#say(words);
    }
  }

  /** To standard error; where nobody can hear it that is all. */
  #say(message: string): void {
    try {
      native().write(2, `${message}\n`);
    } catch {
      // there is nobody else to tell
    }
  }

  /** Says it once, whoever else finds the same. */
  warn(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.write('warning', message);
  }

  /** A log that cannot be written, a full disk, is no reason to do less or other than without --debug: no more is told then. */
  debug(message: string): void {
    if (this.#untold) return;
    try {
      this.write('debug', message);
    } catch {
      this.#untold = true;
    }
  }
}
