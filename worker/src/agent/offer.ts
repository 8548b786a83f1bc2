import { availableParallelism } from 'node:os';
import type { Limits } from '@parallel-pilot/sandbox/sandbox.ts';
import { oneLine } from '@parallel-pilot/shared/model/printable.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { Gpu, Offer } from '@parallel-pilot/shared/model/resources.ts';
import type { WorkerConfig } from '../config.ts';
import type { WorkerKind } from '../kinds/kind.ts';
import type { FreeDisk } from './free-disk.ts';

/** The threads of the whole worker: never more than the machine has. */
export const threadsOf = ({ threads }: Pick<WorkerConfig, 'threads'>): number =>
  Math.min(threads, availableParallelism());

/**
 * What a worker's chunks may use up together: the stricter of what was set and what the machine has. The memory is that
 * of its slots at the time it is asked for: it becomes less when other workers come to the machine. So does the disk, when others fill it.
 */
export function describeOffer(
  config: Pick<WorkerConfig, 'slots' | 'threads' | 'diskBytes' | 'counts'>,
  { limits, gpus, freeDisk }: { limits: Limits; gpus: () => Gpu[]; freeDisk: Pick<FreeDisk, 'bytes'> },
): () => Offer {
  const { slots, counts } = config;
  const fixed = { threads: threadsOf(config), counts: { ...counts } };
  return () => ({
    ...fixed,
    diskBytes: Math.min(freeDisk.bytes, config.diskBytes ?? Number.POSITIVE_INFINITY),
    gpus: gpus(),
    memoryBytes: slots * limits.memoryBytes,
  });
}

/** The GPUs that the programs of the kinds have found, each once; several may have found the same one. */
export function gpusIn(kinds: readonly WorkerKind[], capabilities: Capabilities): Gpu[] {
  const found = new Map<string, Gpu>();
  for (const { name, device } of kinds.flatMap((kind) => kind.gpus?.(capabilities) ?? [])) {
    const shown = oneLine(name);
    if (shown !== '' && !found.has(device)) found.set(device, { name: shown, memoryBytes: null, device });
  }
  return [...found.values()];
}
