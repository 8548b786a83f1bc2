import { join } from 'node:path';
import { createDecoderPool } from '@parallel-pilot/images/decode/decoder-pool.ts';
import { removeFolder } from '@parallel-pilot/sandbox/box/remove-folder.ts';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Parts } from './parts.ts';

/** The parts that keep strangers' bytes in. `close` ends the decoders. */
export type Confinement = Pick<Parts, 'sandbox' | 'decoders'> & { close(): Promise<void> };

/** Two decoders at once: the other core belongs to the work of other jobs. */
const DECODERS = 2;
/** Somebody who scrolls through thumbnails asks again within this time. */
const REST_MS = 20_000;

export function createConfinement({ config, log }: Pick<Parts, 'config' | 'log'>): Confinement {
  const folder = join(config.dataFolder, 'children');
  let found: Promise<Sandbox> | undefined;
  const find = async (): Promise<Sandbox> => {
    // What a killed process left.
    await removeFolder(folder).catch((err) => log.warn({ event: 'children.sweep-failed', err }));
    const sandbox = await detectSandbox();
    if (sandbox.level === 'none') log.warn({ event: 'backend.no-sandbox' }, withoutSandbox(sandbox.reason));
    return sandbox;
  };
  const sandbox = (): Promise<Sandbox> => {
    found ??= find();
    return found;
  };
  const decoders = createDecoderPool(DECODERS, REST_MS, async ({ format, width, height }) => ({
    sandbox: await sandbox(),
    folder,
    format,
    width,
    height,
  }));
  return { sandbox, decoders, close: () => decoders.close() };
}

const withoutSandbox = (reason: string): string =>
  `Pictures are decoded and videos made in processes with limits, but not in a sandbox: ${reason}`;
