import { shown } from './all.js';
import type { Definition } from './command.js';
import { toCommand } from './commander.js';

/** Commander says options, callers of a runtime say flags. */
const style = { styleTitle: (title: string): string => (title === 'Options:' ? 'Flags:' : title) };

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

function examples(definition: Definition, program: string): string {
  if (definition.examples.length === 0) return '';
  const lines = definition.examples.map(({ words, does }) => `  # ${does}\n  ${program} ${words}\n`);
  return `\nExamples:\n${lines.join('')}`;
}

function exitCodes(definition: Definition): string {
  if (definition.exitCodes === undefined) return '';
  const lines = definition.exitCodes.map(({ code, meaning }) => `  ${code.padEnd(6)}  ${meaning}\n`);
  return `\nExit status:\n  0       success\n  1       an error\n${lines.join('')}`;
}

/** One command's help. */
export function commandHelp(definition: Definition, program: string): string {
  const command = toCommand(definition, `${program} ${definition.name}`);
  const usage = definition.arguments.map(
    ({ name, optional, rest }) => (optional === true ? `[${name}` : name) + (rest === true ? '...' : '') + (optional === true ? ']' : ''),
  );
  command.usage(['[FLAGS]', ...usage].join(' '));
  command.description([sentence(definition.summary), ...definition.description].join('\n\n'));
  command.configureHelp(style);
  return command.helpInformation() + examples(definition, program) + exitCodes(definition);
}

/** The program's help: its flags and its commands. */
export function programHelp(definition: Definition, program: string): string {
  const command = toCommand({ ...definition, arguments: [] }, program);
  command.enablePositionalOptions();
  command.usage('[FLAGS] COMMAND [ARGUMENT...]');
  command.description([sentence(definition.summary), ...definition.description].join('\n\n'));
  command.helpCommand('help [COMMAND]', "show a command's help");
  for (const each of shown) {
    command.addCommand(toCommand({ ...each, arguments: [], flags: [] }, each.name).summary(each.summary));
  }
  command.configureHelp({ ...style, subcommandTerm: (each) => (each.name() === 'help' ? 'help [COMMAND]' : each.name()) });
  return command.helpInformation() + examples(definition, program) + exitCodes(definition);
}
