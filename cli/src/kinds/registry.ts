import type { JobView } from '@parallel-pilot/shared/kinds/public.ts';
import { blenderCli } from './blender/index.ts';
import { commandCli } from './command/index.ts';
import { functionCli } from './function/index.ts';
import type { CliKind } from './kind.ts';
import { trainingCli } from './training/index.ts';

/** The one line that a new kind adds here; its events are named in `events.ts`. */
const KINDS: Record<JobView['kind'], CliKind> = {
  blender: blenderCli,
  training: trainingCli,
  command: commandCli,
  function: functionCli,
};

/** The command line's part of every kind. */
export const CLI_KINDS: readonly CliKind[] = Object.values(KINDS);

/** The command line's part of a job's kind. */
export const cliKindOf = ({ kind }: JobView): CliKind => KINDS[kind];
