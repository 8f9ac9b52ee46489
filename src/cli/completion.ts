import { shown } from './all.js';
import type { Argument, Definition, Flag } from './command.js';
import { program as global } from './global.js';
import { signalNames } from './signals.js';

export type Shell = 'bash' | 'zsh';

const help: Flag = { name: 'help', short: 'h', help: 'show help' };

function visible(definition: Definition): readonly Flag[] {
  return [...definition.flags.filter((flag) => flag.hidden !== true), help];
}

function spellings(flag: Flag): string[] {
  return flag.short === undefined ? [`--${flag.name}`] : [`-${flag.short}`, `--${flag.name}`];
}

/** The script for a shell, made from the definitions. */
export function completion(shell: Shell, program: string): string {
  return shell === 'bash' ? bash(program, shown) : zsh(program, shown);
}

// --- bash(1), Programmable Completion

function bashKind(of: Flag | Argument): string {
  if (of.choices !== undefined) return `words:${of.choices.join(' ')}`;
  return of.complete ?? 'none';
}

function bashValues(command: string, definition: Definition): string {
  const flags = definition.flags.filter((flag) => flag.value !== undefined);
  return flags
    .map(
      (flag) =>
        `        ${[...spellings(flag), `-${flag.name}`].map((word) => `'${command} ${word}'`).join(' | ')}) kind='${bashKind(flag)}' ;;\n`,
    )
    .join('');
}

function bashArguments(definition: Definition): string {
  return definition.arguments.map((argument, at) => `        '${definition.name} ${at}') kind='${bashKind(argument)}' ;;\n`).join('');
}

function bashFlags(command: string, definition: Definition): string {
  return `        '${command}') flags='${visible(definition).flatMap(spellings).join(' ')}' ;;\n`;
}

function bash(program: string, commands: readonly Definition[]): string {
  const name = `_${program.replace(/\W/g, '_')}`;
  return `# bash completion for ${program}

# What the value of a flag is, in kind; fails for a flag without a value.
${name}_value() {
    kind=
    case "$1 $2" in
${bashValues('', global)}${commands.map((each) => bashValues(each.name, each)).join('')}    esac
    [[ -n $kind ]]
}

# What argument number $2 of the command $1 is, in kind.
${name}_argument() {
    kind=none
    case "$1 $2" in
${commands.map(bashArguments).join('')}    esac
}

# The flags of the command $1, in flags.
${name}_flags() {
    flags=
    case "$1" in
${bashFlags('', global)}${commands.map((each) => bashFlags(each.name, each)).join('')}    esac
}

${name}() {
    local cur=\${COMP_WORDS[COMP_CWORD]} command= argument=0 kind= flags= word i
    local -a root=()
    COMPREPLY=()
    # readline makes a word of its own of the = in --flag=value
    [[ $cur == '=' ]] && cur=
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=\${COMP_WORDS[i]}
        if ${name}_value "$command" "$word"; then
            [[ \${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
            if ((i + 1 >= COMP_CWORD)); then break; fi
            ((i++))
            [[ $word == -*root ]] && root=(--root "\${COMP_WORDS[i]}")
            kind=
        elif [[ $word != -* ]]; then
            if [[ -z $command ]]; then command=$word; else ((argument++)); fi
        fi
    done
    if [[ -z $kind ]]; then
        if [[ $cur == -* ]]; then
            ${name}_flags "$command"
            kind="words:$flags"
        elif [[ -z $command ]]; then
            kind='words:${commands.map((each) => each.name).join(' ')} help'
        elif [[ $command == help ]]; then
            kind='words:${commands.map((each) => each.name).join(' ')}'
        else
            ${name}_argument "$command" "$argument"
        fi
    fi
    case $kind in
        words:*) mapfile -t COMPREPLY < <(compgen -W "\${kind#words:}" -- "$cur") ;;
        directory) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
        file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        container) mapfile -t COMPREPLY < <(compgen -W "$("\${COMP_WORDS[0]}" "\${root[@]}" list -q 2>/dev/null)" -- "$cur") ;;
        signal) mapfile -t COMPREPLY < <(compgen -W '${signalNames.join(' ')}' -- "$cur") ;;
    esac
}

complete -F ${name} ${program}
`;
}

// --- zshcompsys(1), _arguments

/** For the inside of a specification that stands in single quotes. */
function zshText(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&').replace(/'/g, `'\\''`);
}

function zshAction(name: string, of: Flag | Argument): string {
  if (of.choices !== undefined) return `(${of.choices.join(' ')})`;
  switch (of.complete) {
    case 'directory':
      return '_directories';
    case 'file':
      return '_files';
    case 'container':
      return `${name}_containers`;
    case 'signal':
      return `(${signalNames.join(' ')})`;
    default:
      return ' ';
  }
}

function zshFlag(name: string, flag: Flag): string {
  const all = spellings(flag);
  const value = flag.value === undefined ? '' : `:${zshText(flag.value)}:${zshAction(name, flag)}`;
  const rest = `[${zshText(flag.help)}]${value}`;
  if (flag.repeated === true)
    return all
      .map((word) => `'*${word}${flag.value === undefined ? '' : '='}${rest}'`)
      .join(' ')
      .replaceAll(/'\*-(\w)=/g, "'*-$1+");
  const exclude = all.length > 1 ? `(${all.join(' ')})` : '';
  return all
    .map((word) => {
      const equals = flag.value === undefined ? '' : word.startsWith('--') ? '=' : '+';
      return `'${exclude}${word}${equals}${rest}'`;
    })
    .join(' ');
}

function zshArgument(name: string, argument: Argument, at: number): string {
  const colon = argument.optional === true ? '::' : ':';
  return argument.rest === true
    ? `'*${colon}${zshText(argument.name)}:_default'`
    : `'${at + 1}${colon}${zshText(argument.name)}:${zshAction(name, argument)}'`;
}

function zshCommand(name: string, definition: Definition): string {
  const specs = [
    ...visible(definition).map((flag) => zshFlag(name, flag)),
    ...definition.arguments.map((argument, at) => zshArgument(name, argument, at)),
  ];
  const strict = definition.passThrough === true ? " -A '-*'" : '';
  return `        ${definition.name})\n            _arguments -s${strict} \\\n                ${specs.join(' \\\n                ')}\n            ;;\n`;
}

function zsh(program: string, commands: readonly Definition[]): string {
  const name = `_${program.replace(/\W/g, '_')}`;
  return `#compdef ${program}

${name}_containers() {
    local -a root ids
    (( \${+opt_args[--root]} )) && root=(--root "\${(Q)opt_args[--root]}")
    (( \${#${name}_root} )) && root=("\${${name}_root[@]}")
    ids=(\${(f)"$(_call_program containers $service "\${(q)root[@]}" list -q 2>/dev/null)"})
    compadd -a ids
}

${name}_commands() {
    local -a commands
    commands=(
${commands.map((each) => `        '${zshText(each.name)}:${each.summary.replace(/'/g, `'\\''`)}'\n`).join('')}        'help:show help'
    )
    _describe -t commands command commands
}

${name}() {
    local curcontext=$curcontext state state_descr line
    local -a ${name}_root
    typeset -A opt_args
    _arguments -s -C -A '-*' \\
        ${visible(global)
          .map((flag) => zshFlag(name, flag))
          .join(' \\\n        ')} \\
        '1:command:${name}_commands' \\
        '*::argument:->argument'
    [[ $state == argument ]] || return
    (( \${+opt_args[--root]} )) && ${name}_root=(--root "\${(Q)opt_args[--root]}")
    case $words[1] in
        help) (( CURRENT == 2 )) && ${name}_commands ;;
${commands.map((each) => zshCommand(name, each)).join('')}    esac
}

if [[ $funcstack[1] == ${name} ]]; then
    ${name} "$@"
else
    compdef ${name} ${program}
fi
`;
}
