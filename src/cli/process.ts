import { launch } from '../launch.js';
import { native } from '../native.js';
import { failureText } from './failure.js';
import { runProgram } from './program.js';

/** Does what the words of this process say, and ends it. Rejects only where there is no addon or it cannot write. */
export async function runProcess(): Promise<never> {
  const { name, args, cwd, variable } = launch();
  const status = await runProgram(args, { program: name, cwd, variable });
  // leaving through the addon skips the engine's own end; nothing is buffered
  return native().exit(status);
}

export { failureText };
