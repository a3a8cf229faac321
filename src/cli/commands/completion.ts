import { Argument, type Command } from 'commander';
import { print } from '../output.js';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

export function defineCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description(
      'Prints a script that completes commands and options. bash: source <(metadescent completion bash); zsh: source ' +
        '<(metadescent completion zsh); fish: metadescent completion fish | source.',
    )
    .addArgument(new Argument('<SHELL>', 'the shell').choices(shells))
    .action((shell: Shell) => print(scripts[shell](program)));
}

const scripts: Record<Shell, (program: Command) => string> = {
  bash,
  zsh: (program) => `autoload -U +X bashcompinit && bashcompinit\n${bash(program)}`,
  fish,
};

function bash({ commands }: Command): string {
  const names = commands.map((command) => command.name());
  const branches = commands.map((command) => {
    const options = command.options.flatMap(({ long }) => long ?? []);
    return `    ${command.name()}) words='${[...options, '--help'].join(' ')}' ;;`;
  });
  return [
    '_metadescent() {',
    '  local current="$2" words=""',
    `  case "\${COMP_WORDS[1]}" in`,
    ...branches,
    '  esac',
    `  if [[ $COMP_CWORD == 1 ]]; then words='${names.join(' ')} --help --version'; fi`,
    '  COMPREPLY=()',
    '  if [[ $COMP_CWORD == 1 || $current == -* ]]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi',
    '}',
    'complete -o default -F _metadescent metadescent',
  ].join('\n');
}

function fish({ commands }: Command): string {
  const complete = (condition: string, what: string, description: string) =>
    `complete -c metadescent -n '${condition}' ${what} -d '${description.replaceAll(/['\\]/g, '\\$&')}'`;
  return commands
    .flatMap((command) => [
      complete('__fish_use_subcommand', `-a ${command.name()}`, command.summary()),
      ...command.options.map(({ long, description }) =>
        complete(`__fish_seen_subcommand_from ${command.name()}`, `-l ${long?.slice(2)}`, description),
      ),
    ])
    .join('\n');
}
