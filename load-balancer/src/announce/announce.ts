import { once } from 'node:events';
import { hostname, networkInterfaces } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Announcement } from '@parallel-pilot/shared/protocol/discovery.ts';
import { isLoopback } from '@parallel-pilot/shared/server/config.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';

export type Announcing = { stop(): Promise<void> };

/** Of a thread that answers questions of a few bytes. */
const MOST_MEMORY_MB = 32;
const FAREWELL_MS = 500;

/**
 * Tells the local network at which address workers join, until stopped; null where nobody else reaches this process.
 * What comes from the network is read in a thread with nothing in it: whatever it does there, the farm goes on.
 */
export function announce(host: string, port: number, log: Log): Announcing | null {
  const announcement = announcementOf(host, port);
  if (announcement === null) return null;
  const thread = new Worker(new URL('answer-questions.ts', import.meta.url), {
    workerData: announcement,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB, maxYoungGenerationSizeMb: 4 },
  });
  thread.on('error', (error) => {
    const sentence = `The local network is not told of this farm (${error.message}); workers join by its address.`;
    log.warn({ event: 'farm.not-announced' }, sentence);
  });
  thread.unref();
  log.info({ event: 'farm.announced', ...announcement });
  return {
    async stop() {
      thread.postMessage('farewell');
      const patience = setTimeout(() => void thread.terminate(), FAREWELL_MS);
      if (thread.threadId !== -1) await once(thread, 'exit').catch(() => {});
      clearTimeout(patience);
    },
  };
}

function announcementOf(host: string, port: number): Announcement | null {
  if (isLoopback(host)) return null;
  const all = host === '0.0.0.0' || host === '::' || host === '[::]';
  const own = Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ family, internal, address }) => family === 'IPv4' && !internal && (all || address === host))
    .map(({ address }) => address)
    .slice(0, 16);
  const [first] = own;
  if (first === undefined) return null;
  const name = (hostname().split('.')[0] || 'farm').slice(0, 57);
  return { name, port, addresses: own, network: all ? null : first };
}
