import type { FailureCode } from '@parallel-pilot/shared/model/failures.ts';
import { advance, chunkChanged, stateOf } from './change-chunk.ts';
import type { Effect } from './effects.ts';
import type { Stage } from './farm.ts';

type Move = { type: 'cancel' } | { type: 'retry' } | { type: 'give-up'; code: FailureCode; message: string };

/** Moves all chunks in these states at once; the write that belongs to it is one statement. */
export function moveAll(
  stage: Stage,
  from: Parameters<Stage['chunks']['withStatus']>,
  event: Move,
): Effect[] {
  const ordinals = [...stage.chunks.withStatus(...from)];
  for (const ordinal of ordinals) {
    const { state } = advance(stage, ordinal, stateOf(stage, ordinal), event);
    stage.chunks.set(ordinal, state.status, state.attempts);
  }
  return ordinals.map((ordinal) => chunkChanged(stage, ordinal, null));
}

/** Fails all waiting chunks of a stage, because no worker may run them. */
export function giveUpWaiting(
  stage: Stage,
  failure: { code: FailureCode; message: string },
  at: number,
): Effect[] {
  if (stage.chunks.count('queued') === 0) return [];
  return [
    { type: 'write', write: { type: 'fail-queued', stage: stage.id, ...failure, at } },
    ...moveAll(stage, ['queued'], { type: 'give-up', ...failure }),
  ];
}
