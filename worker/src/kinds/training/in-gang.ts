import type { GangMember, RunOutcome } from '../kind.ts';
import type { AskOptions } from './exchange.ts';
import { type Failed, failure } from './outcome.ts';

/**
 * Runs a chunk as a member of its gang, with the way to the others open. One that fails after another member has gone
 * fails of that, and leaves what it keeps. The model of rank 0 is the result: the others have the same, and wait until
 * they are told to end, so that while that one hands it in, what they keep is not lost.
 */
export async function inGang(
  gang: GangMember | undefined,
  folder: string,
  ask: AskOptions,
  run: () => Promise<RunOutcome>,
  withCheckpoint: (outcome: Failed) => Promise<RunOutcome>,
): Promise<RunOutcome> {
  if (gang === undefined) return run();
  const way = await gang.open(folder);
  try {
    const outcome = await run();
    if (!outcome.ok && outcome.code === 'script-error' && way.unreached !== null)
      return failure('peer-unreachable', way.unreached, outcome.log);
    if (!outcome.ok && way.lost && outcome.code !== 'canceled' && outcome.code !== 'preempted')
      return withCheckpoint(
        failure('without-peers', 'Another worker of the training was lost.', outcome.log),
      );
    if (!outcome.ok || gang.rank === 0) return outcome;
    await told(ask);
    return ask.notice?.aborted === true
      ? withCheckpoint(failure('preempted', 'Another worker of the training was lost.', outcome.log))
      : failure('canceled', 'The training was over.', outcome.log);
  } finally {
    await way.close();
  }
}

/** Its lease is over, or it is to leave what it keeps. */
function told({ signal, notice }: AskOptions): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const one of [signal, notice]) {
    if (one?.aborted) resolve();
    one?.addEventListener('abort', () => resolve(), { once: true });
  }
  return promise;
}
