import type { NextStep, Note, PlanningContext } from '../kind.ts';
import { type MissingShards, ShardChunk } from './stages.ts';

/** What chunks of all stages say that are about a shard. */
const OfShard = ShardChunk.pick({ shard: true });

type Last = PlanningContext<unknown>['last'];

/** Shards that are not among the updates. */
export function shardsWithoutUpdate(shards: number, updates: readonly { shard: number }[]): number[] {
  const present = new Set(updates.map(({ shard }) => shard));
  return Array.from({ length: shards }, (_, shard) => shard).filter((shard) => !present.has(shard));
}

/** The end of a job of which a round has too few shards. */
export function tooFew(
  { total, failed }: Last,
  { round, done, needed }: { round: number; done: number; needed: number },
): NextStep {
  const [first] = failed;
  const why = first === undefined ? '' : ` Shard ${OfShard.parse(first.spec).shard + 1}: ${first.message}`;
  return {
    step: 'fail',
    code: first?.code ?? 'shards-missing',
    message: `Round ${round} could not be finished: ${done} of ${total} shards came to a result, ${needed} are needed.${why}`,
  };
}

/** Adds the shards that one more round went on without. */
export function addMissing(
  { shards, why }: MissingShards,
  missing: readonly number[],
  last: Last,
): MissingShards {
  if (missing.length === 0) return { shards, why };
  const rounds = new Map(shards.map((one) => [one.shard, one.rounds]));
  for (const shard of missing) rounds.set(shard, (rounds.get(shard) ?? 0) + 1);
  const all = [...rounds].sort(([a], [b]) => a - b).map(([shard, count]) => ({ shard, rounds: count }));
  return { shards: all, why: why ?? reasonOf(last, missing).slice(0, MOST_REASON) };
}

const MOST_REASON = 300;

/** "without shard 2 in 3 of 10 rounds (8 % of the training): ValueError: no."; null where nothing was lost. */
export function withoutWords(
  { shards, why }: MissingShards,
  of: { shards: number; rounds: number },
): string | null {
  if (shards.length === 0) return null;
  const named = shards.slice(0, MOST_NAMED).map(({ shard, rounds }) => {
    const all = rounds === of.rounds;
    return `shard ${shard + 1} in ${all ? (rounds === 1 ? 'the only round' : `all ${rounds} rounds`) : `${rounds} of ${of.rounds} rounds`}`;
  });
  const more = shards.length > MOST_NAMED ? [`${shards.length - MOST_NAMED} more shards`] : [];
  const list = [...named, ...more].join(', ').replace(/, (?=[^,]*$)/, ' and ');
  const share = shards.reduce((sum, { rounds }) => sum + rounds, 0) / (of.shards * of.rounds);
  const percent = share < 0.01 ? 'less than 1' : Math.round(share * 100);
  return `without ${list} (${percent} % of the training): ${why}`;
}

const MOST_NAMED = 8;
const LATE = 'not finished when the time for the round was over.';

/** Why the first of these shards with a reason is missing. */
function reasonOf({ failed }: Last, missing: readonly number[]): string {
  const reasons = new Map(failed.map((chunk) => [OfShard.parse(chunk.spec).shard, chunk.message]));
  return missing.map((shard) => reasons.get(shard)).find((message) => message !== undefined) ?? LATE;
}

/** A job of 10,000 rounds would say it 10,000 times; the list of rounds has it for each. */
const MOST_TOLD = 10;

/** The note on a round that went on without some of its shards; `incompleteRounds` counts this round too. */
export function missingShardNotes(
  last: Last,
  {
    round,
    missing,
    incompleteRounds,
  }: { round: number; missing: readonly number[]; incompleteRounds: number },
): Note[] {
  if (missing.length === 0 || incompleteRounds > MOST_TOLD) return [];
  const names = missing.slice(0, MOST_NAMED).map((shard) => shard + 1);
  const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : '';
  const which = `shard${missing.length === 1 ? '' : 's'} ${names.join(', ')}${more}`;
  const end =
    incompleteRounds === MOST_TOLD
      ? ' More such rounds are not noted here; the list of rounds shows them.'
      : '';
  const message = `Round ${round} went on without ${which}: ${reasonOf(last, missing)}${end}`;
  return [{ level: 'warning', code: 'shards-lost', message }];
}
