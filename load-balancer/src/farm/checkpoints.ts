import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Effect } from './effects.ts';
import type { Checkpoint, Stage } from './farm.ts';

/** A lease was taken back, and left a file or nothing. Of one chunk the newest is kept. */
export function noteTakenBack(
  stage: Stage,
  ordinal: number,
  { lease, file }: { lease: LeaseId; file: ResultFile | null },
): Effect[] {
  const { times = 0, checkpoint: before = null } = stage.takenBack.get(ordinal) ?? {};
  const checkpoint = file === null ? before : { lease, hash: file.hash, size: file.size };
  stage.takenBack.set(ordinal, { times: times + 1, checkpoint });
  return file === null || before === null ? [] : [drop(before)];
}

/** Nobody is to go on from what the chunk left. */
export function dropCheckpoint(stage: Stage, ordinal: number): Effect[] {
  const known = stage.takenBack.get(ordinal);
  if (known === undefined || known.checkpoint === null) return [];
  stage.takenBack.set(ordinal, { ...known, checkpoint: null });
  return [drop(known.checkpoint)];
}

const drop = ({ lease }: Checkpoint): Effect => ({
  type: 'write',
  write: { type: 'drop-checkpoint', lease },
});
