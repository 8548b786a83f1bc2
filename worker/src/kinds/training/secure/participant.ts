import { createCipheriv, createDecipheriv } from 'node:crypto';
import type {
  Member,
  OpenKeys,
  OpenShare,
  SealedShares,
  Unmasking,
} from '@parallel-pilot/shared/kinds/training/secure/messages.ts';
import { placeOf } from '@parallel-pilot/shared/kinds/training/secure/recover.ts';
import { SHARE_BYTES, splitSecret } from '@parallel-pilot/shared/kinds/training/secure/shamir.ts';
import type { RandomBytes } from '@parallel-pilot/shared/model/ids.ts';
import { agreedKey, keyPairOf } from './agreement.ts';
import type { Mask } from './mask.ts';

/*
 * One shard's part in secure aggregation (Bonawitz et al. 2017, figure 4), as functions of what it knows and of the
 * randomness that it is given. What they throw is a ProtocolError, with a sentence.
 */

/** What the farm asks is nothing that the protocol allows: it is not answered. */
export class ProtocolError extends Error {}

/** Of one round, in hexadecimal digits. `seed`: of its own mask. */
export type Secrets = { cipher: string; mask: string; seed: string };

export function newSecrets(random: RandomBytes): Secrets {
  const [cipher, mask, seed] = [random(32), random(32), random(32)].map((it) =>
    Buffer.from(it).toString('hex'),
  );
  return { cipher, mask, seed } as Secrets;
}

const openOf = (secret: string): string => keyPairOf(Buffer.from(secret, 'hex')).open;
export const openKeys = ({ cipher, mask }: Secrets): OpenKeys => ({
  cipher: openOf(cipher),
  mask: openOf(mask),
});

type Round = { shard: number; secrets: Secrets; roster: readonly Member[] };

/** Its secrets, split for all who take part, itself too. Refuses a roster in which it is not or keys come twice. */
export function shareSecrets(
  { shard, secrets, roster }: Round,
  threshold: number,
  random: RandomBytes,
): SealedShares[] {
  checkRoster({ shard, secrets, roster }, threshold);
  const at = roster.map((one) => placeOf(one.shard));
  const split = (secret: string) => splitSecret(Buffer.from(secret, 'hex'), { at, threshold }, random);
  const [keys, seeds] = [split(secrets.mask), split(secrets.seed)];
  return roster.map((to, index) => {
    const plain = Buffer.from(`${keys[index]?.value}${seeds[index]?.value}`, 'hex');
    const key = keyWith(to.shard, () => agreedKey(secrets.cipher, to.cipher, 'share'));
    return { of: shard, to: to.shard, sealed: seal(key, plain, about(shard, to.shard), random(NONCE_BYTES)) };
  });
}

/** The masks of its update: its own, and one with each other that has shared its secrets. */
export function masksOf(
  { shard, secrets, roster }: Round,
  sharers: readonly number[],
  threshold: number,
): Mask[] {
  if (!sharers.includes(shard)) throw new ProtocolError('This shard is not among those that shared secrets.');
  if (new Set(sharers).size < threshold)
    throw new ProtocolError(`Only ${sharers.length} shards shared secrets, and ${threshold} are needed.`);
  const others = roster.filter((one) => one.shard !== shard && sharers.includes(one.shard));
  if (others.length !== sharers.length - 1)
    throw new ProtocolError('A shard shared secrets that is not known.');
  return [
    { key: Buffer.from(secrets.seed, 'hex'), sign: 1 },
    ...others.map((other) => between(secrets.mask, { shard, other: other.shard, open: other.mask })),
  ];
}

/**
 * Its shares of what takes the masks off: of each survivor that of the seed, of each other sharer that of the key. One
 * answer for a round is all that it ever gives; see round-record.ts.
 */
export function answerUnmask(
  { shard, secrets, roster }: Round,
  received: readonly SealedShares[],
  {
    sharers,
    survivors,
    threshold,
  }: { sharers: readonly number[]; survivors: readonly number[]; threshold: number },
): OpenShare[] {
  const [shared, left] = [new Set(sharers), new Set(survivors)];
  if (left.size < threshold)
    throw new ProtocolError(
      `Only ${left.size} masked updates are there, and ${threshold} are needed: the sum of so few is not told.`,
    );
  if (!left.has(shard) || [...left].some((one) => !shared.has(one)))
    throw new ProtocolError(
      'The masked updates are not those of shards that shared their secrets with this one.',
    );
  return [...shared].map((of) => {
    const sealed = received.find((one) => one.of === of && one.to === shard)?.sealed;
    const member = roster.find((one) => one.shard === of);
    if (sealed === undefined || member === undefined)
      throw new ProtocolError(`Shard ${of + 1} shared nothing with this one.`);
    const key = keyWith(of, () => agreedKey(secrets.cipher, member.cipher, 'share'));
    const plain = unseal(key, sealed, about(of, shard));
    if (plain === null || plain.length !== 2 * SHARE_BYTES)
      throw new ProtocolError(`What shard ${of + 1} shared with this one cannot be opened.`);
    const [keyShare, seedShare] = [plain.subarray(0, SHARE_BYTES), plain.subarray(SHARE_BYTES)];
    return left.has(of)
      ? { of, secret: 'seed' as const, value: seedShare.toString('hex') }
      : { of, secret: 'key' as const, value: keyShare.toString('hex') };
  });
}

/** What takes the masks off the sum of the survivors' masked updates. Refuses a key that is not the one that was advertised. */
export function unmaskingMasks({
  roster,
  survivors,
  seeds,
  keys,
}: Omit<Unmasking, 'scale' | 'most'>): Mask[] {
  const open = new Map(roster.map((one) => [one.shard, one.mask]));
  const own = seeds.map(({ seed }): Mask => ({ key: Buffer.from(seed, 'hex'), sign: -1 }));
  const others = keys.flatMap(({ shard: gone, key }) => {
    if (openOf(key) !== open.get(gone))
      throw new ProtocolError(`The shares that were told of shard ${gone + 1} are wrong.`);
    // What each survivor added for the one that is gone has the other sign here.
    return survivors.map((shard) => between(key, { shard: gone, other: shard, open: open.get(shard) ?? '' }));
  });
  return [...own, ...others];
}

/** What is agreed with that shard. Bytes that are no key of X25519 are its fault, and no bug of this worker. */
function keyWith(shard: number, agree: () => Buffer): Buffer {
  try {
    return agree();
  } catch {
    throw new ProtocolError(`The key of shard ${shard + 1} is none.`);
  }
}

/** The mask of two, as `shard` adds it: the one that comes first adds it, the other takes it off. */
const between = (
  secret: string,
  { shard, other, open }: { shard: number; other: number; open: string },
): Mask => ({
  key: keyWith(other, () => agreedKey(secret, open, 'mask')),
  sign: shard < other ? 1 : -1,
});

function checkRoster({ shard, secrets, roster }: Round, threshold: number): void {
  const own = openKeys(secrets);
  const listed = roster.find((one) => one.shard === shard);
  if (listed?.cipher !== own.cipher || listed.mask !== own.mask)
    throw new ProtocolError('The keys of this shard are not among those of the round.');
  const [shards, ciphers, masks] = (['shard', 'cipher', 'mask'] as const).map(
    (field) => new Set(roster.map((one) => one[field])).size,
  );
  if (shards !== roster.length || ciphers !== roster.length || masks !== roster.length)
    throw new ProtocolError('Two shards of the round have one key.');
  if (roster.length < threshold || threshold * 2 <= roster.length)
    throw new ProtocolError(
      `${threshold} of ${roster.length} shards are no threshold that protects any of them.`,
    );
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const about = (of: number, to: number): Buffer => Buffer.from(`${of} to ${to}`);

function seal(key: Uint8Array, plain: Uint8Array, about: Uint8Array, nonce: Uint8Array): string {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(about);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64');
}

/** Null for what was not encrypted with that key, or about something else. */
function unseal(key: Uint8Array, sealed: string, about: Uint8Array): Buffer | null {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES))
    .setAAD(about)
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}
