import type { OpenShare, Unmasking } from './messages.ts';
import { joinerAt } from './shamir.ts';

/** Shares are at the shard's number plus one: at zero lies the secret. */
export const placeOf = (shard: number): number => shard + 1;

/**
 * The secrets that take the masks off the sum of the survivors' updates: the seed of each one's own mask, and of each
 * that handed in none the key of its masks with the others. The message says which shard has too few shares, or wrong ones.
 */
export function recover(
  answers: readonly { shard: number; shares: readonly OpenShare[] }[],
  { sharers, survivors, threshold }: { sharers: number[]; survivors: number[]; threshold: number },
): { ok: true; secrets: Pick<Unmasking, 'seeds' | 'keys'> } | { ok: false; message: string } {
  const [seeds, keys]: [Unmasking['seeds'], Unmasking['keys']] = [[], []];
  const left = new Set(survivors);
  const joiners = new Map<string, ReturnType<typeof joinerAt>>();
  for (const shard of sharers) {
    const wanted = left.has(shard) ? 'seed' : 'key';
    const shares = answers.flatMap((answer) =>
      answer.shares
        .filter(({ of, secret }) => of === shard && secret === wanted)
        .slice(0, 1)
        .map(({ value }) => ({ at: placeOf(answer.shard), value })),
    );
    if (shares.length < threshold)
      return { ok: false, message: `${shares.length} of ${threshold} shares of shard ${shard + 1} came` };
    const first = shares.slice(0, threshold);
    const places = first.map(({ at }) => at);
    const join = joiners.get(String(places)) ?? joinerAt(places);
    joiners.set(String(places), join);
    const secret = join(first.map(({ value }) => value));
    if (secret === null)
      return { ok: false, message: `the shares of shard ${shard + 1} do not fit together` };
    if (wanted === 'seed') seeds.push({ shard, seed: secret });
    else keys.push({ shard, key: secret });
  }
  return { ok: true, secrets: { seeds, keys } };
}
