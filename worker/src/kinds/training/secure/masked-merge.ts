import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Unmasking } from '@parallel-pilot/shared/kinds/training/secure/messages.ts';
import { type Failed, failure } from '../outcome.ts';
import { ProtocolError } from './participant.ts';
import { unmaskSum } from './vectors.ts';

/** Among the files that Python sees, the sum of what came masked. */
export const SUM = 'sum.bin';

type Masked = {
  paths: readonly string[];
  unmasking: Unmasking;
  inputs: string;
  scratch: string;
  signal: AbortSignal;
};

/** Lays the sum of the masked updates out for the merge; a failure where they come to none. */
export async function unmaskedInto(
  { give }: Workspace,
  { paths, unmasking, inputs, scratch, signal }: Masked,
): Promise<Failed | null> {
  const sum = join(scratch, SUM);
  const masked = paths.map((path) => join(inputs, path));
  try {
    await unmaskSum(masked, sum, unmasking, { signal });
    await give(sum, SUM);
    return null;
  } catch (error) {
    if (signal.aborted) return failure('canceled', 'The work was stopped before it finished.', '');
    if (error instanceof RangeError)
      return failure('bad-update', `A masked update cannot be used: ${error.message}.`, '');
    if (!(error instanceof ProtocolError)) throw error;
    return failure('secure-round', error.message, '');
  } finally {
    await rm(sum, { force: true });
  }
}
