import { randomBytes } from 'node:crypto';
import { newId } from '@parallel-pilot/shared/model/ids.ts';
import { handshake } from '@parallel-pilot/shared/protocol/handshake.ts';
import { HEARTBEAT_MS } from '@parallel-pilot/shared/protocol/version.ts';
import type { Hello } from '@parallel-pilot/shared/protocol/workers.ts';
import { io } from 'socket.io-client';
import type { z } from 'zod';

/**
 * Workers of bench:dispatch in a process of their own: they speak the protocol over a socket each, and have done each
 * chunk as soon as they have it. Arguments: address, how many, slots; the token comes in PILOT_TOKEN. Says `ready`.
 */
const [url = '', count = '1', slots = '1'] = process.argv.slice(2);
const { PILOT_TOKEN: token = '' } = process.env;

await Promise.all(Array.from({ length: Number(count) }, (_, index) => join(index)));
process.send?.('ready');
process.once('disconnect', () => process.exit(0));

async function join(index: number): Promise<void> {
  const worker = newId('wrk', randomBytes);
  const socket = io(`${url}/workers`, { ...handshake(token), forceNew: true });
  socket.on('assign', ({ lease }: { lease: string }, acknowledge: (reply: unknown) => void) => {
    acknowledge({ ok: true });
    // As real ones do, it does not say that it has begun what is over at once: docs/decisions/0018-short-chunks.md.
    // One that is not taken leaves the job without its end, which the benchmark reports.
    socket.emit('done', { lease, result: { ok: 1 }, files: [], busyMs: 1, log: '' }, () => {});
  });
  await new Promise<void>((resolve) => socket.on('connect', resolve));
  const hello: z.input<typeof Hello> = {
    worker,
    identity: randomBytes(16).toString('hex'),
    instance: randomBytes(16).toString('hex'),
    name: `no-op-${index}`,
    slots: Number(slots),
    capabilities: {},
    offer: { threads: 4 * Number(slots), memoryBytes: 1e12, diskBytes: 1e12, gpus: [], counts: {} },
    machine: { os: 'Linux', cpus: 1, memoryBytes: 1e9 },
    blobs: [],
    leases: [],
  };
  const welcome: { ok: boolean } = await socket.emitWithAck('hello', hello);
  if (!welcome.ok) throw new Error(`worker ${index} was not let in: ${JSON.stringify(welcome)}`);
  const heartbeat = { cpu: 0.5, memoryUsedBytes: 1, load: 1, draining: false };
  setInterval(() => socket.emit('heartbeat', heartbeat), HEARTBEAT_MS);
}
