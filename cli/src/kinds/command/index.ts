import type { RunsView } from '@parallel-pilot/shared/kinds/command/view.ts';
import { asTyped } from '@parallel-pilot/shared/kinds/command/words.ts';
import type { CliKind } from '../kind.ts';
import { runCommandLine } from './command.ts';
import { followCommand } from './follow.ts';
import { commandPresenter } from './presenter.ts';
import { saveResults } from './results.ts';

export const commandCli: CliKind = {
  does: 'runs commands',
  command: runCommandLine,
  verb: 'run',
  example: 'pilot run --array 1-100 -- python3 sim.py --seed {index}',
  saves: 'Of a command it saves what its runs have left, as far as they are done.',
  columns: [
    {
      title: 'COMMANDS',
      of: (capabilities) => ('command.programs' in capabilities ? 'yes' : ''),
    },
  ],
  presenter: commandPresenter,
  follow: followCommand,
  save: saveResults,
  facts: (view) => (view.kind === 'command' ? commandFacts(view) : []),
};

export function commandFacts({ words, files, parameters, settings, runs }: RunsView): [string, string][] {
  const failed = runs.failed === 0 ? '' : `, ${runs.failed} failed`;
  return [
    ['Command', asTyped(words)],
    ['Runs', `${runs.done} of ${runs.total} done${failed}`],
    ...(parameters.length === 0 ? [] : [['Params', parameters.join(', ')] as [string, string]]),
    ...(files === 0 ? [] : [['Files', String(files)] as [string, string]]),
    ...(settings.timeSeconds === null
      ? []
      : [['Time', `${settings.timeSeconds} s each`] as [string, string]]),
    ...(settings.retries === 0 ? [] : [['Retries', String(settings.retries)] as [string, string]]),
  ];
}
