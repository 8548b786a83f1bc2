import { quorumOf, type TrainingSettings } from '../settings.ts';
import type { SecureTraining } from './messages.ts';
import { thresholdOf } from './scale.ts';

/** Shards without which a round does not go on; with secure aggregation no sum of fewer than the threshold is told. */
export const needed = (
  { quorum, secure }: Pick<TrainingSettings, 'quorum' | 'secure'>,
  shards: number,
): number => Math.max(quorumOf({ quorum, shards }), secure ? thresholdOf(shards) : 1);

/** What the shards of a round are told of it; null without secure aggregation. */
export function securePart(
  { secure, clip, noise }: Pick<TrainingSettings, 'secure' | 'clip' | 'noise'>,
  { series, round, shards }: { series: SecureTraining['series'] | null; round: number; shards: number },
): SecureTraining | null {
  if (!secure) return null;
  // Going on would hand the updates in as they are.
  if (clip === null || series === null)
    throw new Error('updates are to come under masks that nobody bounded');
  return { series, round, shards, threshold: thresholdOf(shards), clip, noise };
}

type Asked = Pick<TrainingSettings, 'secure' | 'clip' | 'compress' | 'sparsify' | 'mode'> & {
  local: boolean;
  /** Null for as many as there are. */
  shards: number | null;
};

/** What does not go together with secure aggregation; null where all is well. */
export function secureProblem({
  secure,
  clip,
  compress,
  sparsify,
  mode,
  local,
  shards,
}: Asked): string | null {
  if (!secure) return null;
  if (!local)
    return 'Secure aggregation keeps updates from the farm; of data that the farm itself splits there is nothing to keep. Give it with local data.';
  if (mode === 'ddp')
    return 'In mode ddp gradients go from worker to worker, in the clear. Of secure aggregation take mode rounds or diloco.';
  if (clip === null)
    return 'An update under masks cannot be looked at, so its worker has to bound it: give clip, too (the L2 norm of the largest change of a round that you expect).';
  if (compress !== 'none' || sparsify !== null)
    return `Updates under masks are whole numbers of 4 bytes, and cannot be compressed: leave ${compress === 'none' ? 'sparsify' : sparsify === null ? 'compress' : 'compress and sparsify'} out.`;
  return shards !== null && shards < 2 ? ONE_SHARD : null;
}

export const ONE_SHARD = 'The sum over one shard is its update: secure aggregation needs two and more.';
