import { setTimeout as pause } from 'node:timers/promises';
import { createApi } from '../api/client.ts';
import type { Connection } from '../api/request.ts';
import type { CliConfig } from '../config.ts';
import { incidentSentence } from '../farm/child-events.ts';
import { startFarm } from '../farm/farm.ts';
import { isWorkerName } from '../farm/programs.ts';
import { isFarmInUse } from '../farm/users.ts';
import type { RunEvent } from '../report/events.ts';
import { SentenceError } from '../sentence-error.ts';
import type { Interrupts } from './interrupts.ts';

export type OwnFarm = {
  connection: Connection;
  /** Rejects with a sentence once one of its servers keeps dying, or none of its workers can be started. */
  failed: Promise<never>;
  /** Stops it, after the jobs that others handed to it meanwhile. */
  finish(): Promise<void>;
};

type Wanted = { workers: number; verbose: boolean };

/** An embedded farm on free ports for what one command runs; null when it was interrupted while starting. */
export async function startOwnFarm(
  config: CliConfig,
  wanted: Wanted,
  report: (event: RunEvent) => void,
  interrupts: Interrupts,
): Promise<OwnFarm | null> {
  const { workers, verbose } = wanted;
  report({ event: 'farm.starting', workers });
  const startedAt = Date.now();
  const serverFails = Promise.withResolvers<string>();
  const start = await startFarm(config, {
    host: '127.0.0.1',
    ports: { kind: 'free' },
    workers,
    verbose,
    signal: interrupts.first,
    onEvent(event) {
      // The user waits for this job, which may be the one that its server dies of.
      if (event.type === 'failing' && !isWorkerName(event.name)) return serverFails.resolve(event.message);
      const message = incidentSentence(event);
      if (message !== null) report({ event: 'farm.incident', message });
    },
  });
  if (!start.ok) {
    if (interrupts.first.aborted) return null;
    throw new SentenceError(start.message);
  }
  const { farm } = start;
  const connection = { url: farm.url, key: null };
  const failed = Promise.race([farm.failed, serverFails.promise]).then((message): never => {
    throw new SentenceError(message);
  });
  failed.catch(() => {});
  return {
    connection,
    failed,
    async finish() {
      await waitForOthers(config.dataFolder, connection, startedAt, report, interrupts.first);
      await farm.stop(2_000, interrupts.second);
    },
  };
}

/** Another `pilot` may have found this farm and handed it a job: that one is not left in the lurch. */
async function waitForOthers(
  dataFolder: string,
  connection: Connection,
  since: number,
  report: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const api = createApi(connection);
  for (let told = false; !signal.aborted; told = true) {
    const active = await api.jobs({ state: 'active', limit: 50 }).catch(() => null);
    const handedOver = active?.jobs.some((job) => job.createdAt >= since) ?? false;
    if (!handedOver && !(await isFarmInUse(dataFolder))) return;
    const message =
      'Another command uses this farm for a job of its own; waiting for that. Ctrl-C stops both.';
    if (!told) report({ event: 'farm.incident', message });
    await pause(1_000, undefined, { signal }).catch(() => {});
  }
}
