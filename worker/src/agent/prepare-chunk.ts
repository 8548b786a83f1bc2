import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Assets } from '../assets/assets.ts';
import type { FetchTrouble } from '../assets/downloads.ts';
import { isDiskFull } from '../disk-full.ts';
import type { Outbox } from './outbox.ts';

/** Folders of a chunk that may start. `release` lets its inputs go. */
export type Places = { ok: true; inputs: string; outputs: string; release: () => void };
export type NotPrepared = FetchTrouble;

/** Fetches a chunk's inputs and makes its folder for results; `canceled` when the signal aborts on the way. */
export async function prepareChunk(
  assets: Assets,
  outbox: Outbox,
  assign: Assign,
  signal: AbortSignal,
): Promise<Places | NotPrepared> {
  const prepared = await assets.prepare(assign, signal);
  if (!prepared.ok) return prepared;
  const { folder: inputs, release } = prepared;
  try {
    return { ok: true, inputs, outputs: await outbox.prepare(assign.lease), release };
  } catch (error) {
    release();
    const { message } = error as Error;
    if (isDiskFull(error)) {
      return { ok: false, code: 'disk-full', message: FAILURES['disk-full'].sentence };
    }
    return {
      ok: false,
      code: 'unexpected',
      message: `The worker could not make a folder for the result: ${message}`,
    };
  }
}
