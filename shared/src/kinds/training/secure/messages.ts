import { z } from 'zod';
import { StageId } from '../../../model/ids.ts';
import { MOST_SHARDS } from '../settings.ts';

/*
 * What shards and farm tell each other for secure aggregation (Bonawitz et al., Practical Secure Aggregation for
 * Privacy-Preserving Machine Learning, CCS 2017), in the words of its figure 4:
 *
 * train      0, AdvertiseKeys: with its training a shard hands in two open keys, and no update
 * shares     1, ShareKeys: it splits the secret of its masks for the others, encrypted for each
 * masked     2, MaskedInputCollection: it hands in its update under all masks
 * unmask     4, Unmasking: those that are left tell what takes the masks off the sum
 *
 * Round 3, ConsistencyCheck, is for a farm that lies; see docs/decisions/0041.
 */

const Shard = z
  .int()
  .min(0)
  .max(MOST_SHARDS - 1);
const bytes = (count: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * count}}$`));

/** Open keys of X25519. `cipher`: by which shards encrypt for each other; `mask`: of the masks of two. */
export const OpenKeys = z.object({ cipher: bytes(32), mask: bytes(32) });
export type OpenKeys = z.infer<typeof OpenKeys>;

/** Who takes part in a round: a shard, and its keys. */
export const Member = OpenKeys.extend({ shard: Shard });
export type Member = z.infer<typeof Member>;
export const Roster = z.array(Member).min(2).max(MOST_SHARDS);

/** The shares of one shard for another, encrypted for that. `of`, `to`: the shards. */
export const SealedShares = z.object({ of: Shard, to: Shard, sealed: z.string().max(500) });
export type SealedShares = z.infer<typeof SealedShares>;

/** A share in the clear: of the seed of a shard's own mask, or of the secret key of its masks with others; never both. */
export const OpenShare = z.object({ of: Shard, secret: z.enum(['seed', 'key']), value: bytes(33) });
export type OpenShare = z.infer<typeof OpenShare>;

/** What a chunk of the stage comes to. */
export const SharesResult = z.object({ sealed: z.array(SealedShares).max(MOST_SHARDS) });
export const MaskedResult = z.object({ numbers: z.int().positive() });
export const UnmaskResult = z.object({ shares: z.array(OpenShare).max(MOST_SHARDS) });

/** The secrets of a round that shares came to, of `shard`: what takes the masks off the sum. */
export const Unmasking = z.object({
  roster: Roster,
  /** Those whose shares the others have, and of them those whose masked updates are there. */
  sharers: z.array(Shard),
  survivors: z.array(Shard),
  seeds: z.array(z.object({ shard: Shard, seed: bytes(32) })),
  keys: z.array(z.object({ shard: Shard, key: bytes(32) })),
  /** Whole numbers that an update of 1 is, and the most that an update may come to. */
  scale: z.number().positive(),
  most: z.int().positive(),
});
export type Unmasking = z.infer<typeof Unmasking>;

/** Where a worker has its part of a round: `series` is that of one training, of which an earlier round's part is let go. */
export const RoundPlace = z.object({ series: StageId, round: z.int().positive() });
export type RoundPlace = z.infer<typeof RoundPlace>;

/** What a shard needs to know to make its update one of a sum; of TrainSpec. See scaleOf. */
export const SecureTraining = RoundPlace.extend({
  shards: z.int().min(2).max(MOST_SHARDS),
  threshold: z.int().min(2),
  clip: z.number().positive(),
  noise: z.number().min(0),
});
export type SecureTraining = z.infer<typeof SecureTraining>;

/** Of the stages that follow: to whom its chunks are one, and what a worker needs of the stage. */
export const SecureRound = RoundPlace.extend({ threshold: z.int().min(2), roster: Roster });
export type SecureRound = z.infer<typeof SecureRound>;
export const MaskedRound = SecureRound.extend({ sharers: z.array(Shard) });
export const UnmaskRound = MaskedRound.extend({ survivors: z.array(Shard) });
export type UnmaskRound = z.infer<typeof UnmaskRound>;

export const SecureChunk = z.object({
  round: z.int().positive(),
  shard: Shard,
  /** Of `masked`: what the others have shared with it. */
  received: z.array(SealedShares).max(MOST_SHARDS).default([]),
});
export type SecureChunk = z.infer<typeof SecureChunk>;
