import type { JobView } from '@parallel-pilot/shared/kinds/registry.ts';
import { blenderCli } from './blender/index.ts';
import type { CliKind } from './kind.ts';
import { trainingCli } from './training/index.ts';

const KINDS: Record<JobView['kind'], CliKind> = { blender: blenderCli, training: trainingCli };

/** The command line's part of a job's kind. */
export const cliKindOf = ({ kind }: JobView): CliKind => KINDS[kind];
