import type { JobView } from '@parallel-pilot/shared/kinds/public.ts';
import { blenderCli } from './blender/index.ts';
import { commandCli } from './command/index.ts';
import { containerCli } from './container/index.ts';
import { functionCli } from './function/index.ts';
import type { CliKind } from './kind.ts';
import { trainingCli } from './training/index.ts';

/** The one line that a new kind adds here; its events are named in `events.ts`. */
const KINDS: Record<JobView['kind'], CliKind> = {
  blender: blenderCli,
  training: trainingCli,
  command: commandCli,
  container: containerCli,
  function: functionCli,
};

/** The command line's part of every kind. */
export const CLI_KINDS: readonly CliKind[] = Object.values(KINDS);

/** Those that have the commands: where two kinds share a verb, the later one's has the options of both. */
export const COMMAND_KINDS: readonly CliKind[] = CLI_KINDS.filter(
  ({ verb }, at) => !CLI_KINDS.slice(at + 1).some((later) => later.verb === verb),
);

/** The command line's part of a job's kind. */
export const cliKindOf = ({ kind }: JobView): CliKind => KINDS[kind];
