import type { FunctionView } from '@parallel-pilot/shared/kinds/function/view.ts';
import { followJob } from '../../follow/follow.ts';
import type { CliKind } from '../kind.ts';
import { functionCommand } from './command.ts';
import { settingsInWords } from './settings-words.ts';

/** Functions: jobs of theirs are made by the farm, as calls wait. */
export const functionCli: CliKind = {
  does: 'answers calls of functions',
  command: (context) => functionCommand(context),
  verb: null,
  example: 'pilot function deploy hello handler.py',
  saves: 'Instances of a function come to no files.',
  columns: [
    {
      title: 'FUNCTIONS',
      of: (capabilities) => ('function.runtimes' in capabilities ? 'yes' : ''),
    },
  ],
  presenter: {
    states: { running: 'It takes calls.', completed: 'Its instances have ended, as nobody called.' },
    lines: () => [],
    colour: () => null,
    screen: () => [],
  },
  follow: (api, id, options) =>
    followJob(
      {
        opening: null,
        fetch: async () => null,
        take: (view) => ({ view, events: [] }),
        patch: (view, patch) => ({ view, events: [], stale: patch.changed }),
        progress: () => ({}),
      },
      api,
      id,
      options,
    ),
  save: async () => ({ missing: null }),
  facts: (view) => (view.kind === 'function' ? factsOf(view) : []),
};

const factsOf = ({ name, version, handler, settings }: FunctionView): [string, string][] => [
  ['Function', `${name}, version ${version}`],
  ['Handler', handler],
  ['Settings', settingsInWords(settings)],
];
