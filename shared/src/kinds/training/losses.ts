import type { NextStep, Note, PlanningContext } from '../kind.ts';
import { ShardChunk } from './stages.ts';

type Last = PlanningContext<unknown>['last'];

/** Shards that are not among the updates. */
export function lostShards(shards: number, updates: readonly { shard: number }[]): number[] {
  const present = new Set(updates.map(({ shard }) => shard));
  return Array.from({ length: shards }, (_, shard) => shard).filter((shard) => !present.has(shard));
}

/** The end of a job of which a round has too few shards. */
export function tooFew(
  { total, failed }: Last,
  { round, done, needed }: { round: number; done: number; needed: number },
): NextStep {
  const [first] = failed;
  const why = first === undefined ? '' : ` Shard ${ShardChunk.parse(first.spec).shard + 1}: ${first.message}`;
  return {
    step: 'fail',
    code: first?.code ?? 'shards-missing',
    message: `Round ${round} could not be finished: ${done} of ${total} shards came to a result, ${needed} are needed.${why}`,
  };
}

/** A job of 10,000 rounds would say it 10,000 times; the list of rounds has it for each. */
const MOST_TOLD = 10;

/** What is told of a round that went on without some of its shards; `lossy` counts it in. */
export function lossNotes(
  { failed }: Last,
  { round, missing, lossy }: { round: number; missing: readonly number[]; lossy: number },
): Note[] {
  if (missing.length === 0 || lossy > MOST_TOLD) return [];
  const reasons = new Map(failed.map((chunk) => [ShardChunk.parse(chunk.spec).shard, chunk.message]));
  const reason = missing.map((shard) => reasons.get(shard)).find((message) => message !== undefined);
  const names = missing.slice(0, 8).map((shard) => shard + 1);
  const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : '';
  const which = `shard${missing.length === 1 ? '' : 's'} ${names.join(', ')}${more}`;
  const last =
    lossy === MOST_TOLD ? ' More such rounds are not noted here; the list of rounds shows them.' : '';
  const message = `Round ${round} went on without ${which}: ${reason ?? 'not finished when the time for the round was over.'}${last}`;
  return [{ level: 'warning', code: 'shards-lost', message }];
}
