import type { RandomBytes } from '@parallel-pilot/shared/model/ids.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { ensureFirstPerson } from '@parallel-pilot/shared/server/db/people.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import { mostOf } from '@parallel-pilot/shared/server/own-limits.ts';
import type { Secrets } from '@parallel-pilot/shared/server/secrets.ts';
import { SqliteAdapter, sql } from 'kysely';
import type { Socket } from 'socket.io';
import type { BalancerConfig } from './config.ts';
import { createBroadcast } from './effects/broadcast.ts';
import { type Engine, FarmEngine } from './effects/engine.ts';
import { loadFarm } from './effects/load-farm.ts';
import { Quarantine } from './effects/quarantine.ts';
import { readEscalation } from './effects/read-limits.ts';
import type { SessionId } from './farm/farm.ts';
import { admit, admitWorkers, createDoorkeeper } from './sockets/admit.ts';
import { Calls } from './sockets/calls.ts';
import { controlListeners, serveControl } from './sockets/control.ts';
import { Replies } from './sockets/replies.ts';
import { createSockets, listen } from './sockets/server.ts';
import { createWire } from './sockets/wire.ts';
import { serveWorkers } from './sockets/workers.ts';

export type BalancerParts = {
  config: BalancerConfig;
  secrets: Secrets;
  /** Migrated. On SQLite a connection of its own: how long it waits for others is set on it. */
  db: Db;
  clock: Clock;
  random: RandomBytes;
  log: Log;
};

export type Balancer = {
  port: number;
  /** Commits what has come in, then closes all connections. The database stays open. */
  stop(): Promise<void>;
};

/**
 * Reads the farm from the database and serves `/workers` and `/control` until
 * stopped. Rejects with a sentence for people when the port or the database
 * cannot be had.
 */
export async function startBalancer(parts: BalancerParts): Promise<Balancer> {
  const { config, secrets, db, clock, log } = parts;
  await waitBriefly(db);
  const lender = { ...(await ensureFirstPerson(db, clock())), worksFor: 'everyone' } as const;
  const quarantine = new Quarantine(clock, log);
  const chunksOfEachTeam = mostOf({}, 'chunksAtOnce', config.teamLimits);
  const { farm, read } = await loadFarm(db, clock, quarantine, chunksOfEachTeam);
  farm.longestSilenceMs = config.longestSilenceMs ?? farm.longestSilenceMs;
  farm.escalation = await readEscalation(db, config.escalation);
  const sessions = new Map<SessionId, Socket>();
  const replies = new Replies();
  let engine: Engine | null = null;
  const running = (): Engine => {
    if (engine === null) throw new Error('The load balancer is not started yet');
    return engine;
  };
  const sockets = createSockets({
    config,
    ready: () => engine?.ready() ?? false,
    knowsToken: createDoorkeeper(parts),
  });
  const workers = sockets.io.of('/workers').use(admitWorkers(parts));
  const control = sockets.io.of('/control').use(admit(secrets.controlToken));
  const broadcast = createBroadcast(
    () => running().farm,
    () => controlListeners(control),
  );
  const calls = new Calls({
    farm: () => running().farm,
    sessions,
    tell: (patch) => control.emit('instances-patch', patch),
  });
  const wire = createWire({
    sessions,
    replies,
    push: (event) => running().push(event),
    signingKey: secrets.signingKey,
    config,
  });
  const port = await listen(sockets, config.balancerPort, config.host);
  engine = new FarmEngine(
    {
      ...parts,
      lender,
      chunksOfEachTeam,
      escalation: config.escalation,
      wire,
      broadcast,
      quarantine,
      signingKey: secrets.signingKey,
    },
    farm,
    read,
  );
  serveWorkers(workers, { engine, broadcast, calls, sessions, replies, clock, log });
  serveControl(control, { sessions, engine, broadcast, calls, replies, clock, log });
  log.info({ event: 'balancer.listening', port, jobs: farm.jobs.size, leases: farm.leases.size });
  return {
    port,
    async stop() {
      await running().stop();
      broadcast.close();
      await sockets.io.close();
    },
  };
}

// node:sqlite waits for a lock with the whole process standing still: better to give up soon and try again.
async function waitBriefly(db: Db): Promise<void> {
  if (db.getExecutor().adapter instanceof SqliteAdapter) await sql`pragma busy_timeout = 100`.execute(db);
}
