import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LeaseId, PersonId, TeamId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { ALWAYS_LENT } from '@parallel-pilot/shared/model/lent.ts';
import { connectDatabase } from '@parallel-pilot/shared/server/db/connect.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { until } from '../../../tests/support/until.ts';
import { createBroadcast } from '../../src/effects/broadcast.ts';
import { FarmEngine } from '../../src/effects/engine.ts';
import { loadFarm } from '../../src/effects/load-farm.ts';
import type { Unsigned, Wire } from '../../src/effects/perform.ts';
import { Quarantine } from '../../src/effects/quarantine.ts';
import type { ReplyTo } from '../../src/farm/events.ts';
import type { SessionId } from '../../src/farm/farm.ts';
import { plantJob } from './planted.ts';

/**
 * The engine on a SQLite file of its own, with a job of two chunks. Instead of
 * sockets there is a record of what it said, so that a test can put events
 * into one round: what is pushed without an await between comes together.
 */
export async function startEngine() {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-engine-'));
  const db = connectDatabase(`sqlite:${join(folder, 'farm.sqlite')}`);
  await migrate(db);
  const planted = await plantJob(db, { chunks: 2 });
  const said = {
    answers: new Map<ReplyTo, string>(),
    assigns: [] as Unsigned[],
    revoked: [] as LeaseId[],
  };
  const wire: Wire = {
    reply: (to, reply) => void said.answers.set(to, reply.ok ? 'ok' : reply.code),
    welcome: (to) => void said.answers.set(to, 'welcome'),
    assign: (_, assign) => void said.assigns.push(assign),
    reclaim() {},
    revoke: (_, leases) => void said.revoked.push(...leases),
    close() {},
    preempt() {},
    drain() {},
    lend() {},
  };
  const log = createLog('test', 'silent');
  const quarantine = new Quarantine(Date.now, log);
  const broadcast = createBroadcast(
    () => engine.farm,
    () => [],
  );
  const { farm, read } = await loadFarm(db, Date.now, quarantine);
  const lender = {
    person: 'per_local00000000000000' as PersonId,
    team: 'tea_local00000000000000' as TeamId,
    worksFor: 'everyone',
  } as const;
  const parts = {
    db,
    lender,
    clock: Date.now,
    random: randomBytes,
    log,
    wire,
    broadcast,
    quarantine,
    signingKey: 'key',
  };
  const engine: FarmEngine = new FarmEngine(parts, farm, read);
  return {
    engine,
    parts,
    planted,
    ...said,
    /** A worker with one slot says hello, and is welcome. */
    async join(session: SessionId): Promise<void> {
      const worker = `wrk_0000000${session}` as WorkerId;
      const machine = { os: 'Linux', cpus: 1, memoryBytes: 1 };
      const offer = { threads: 1, memoryBytes: 1, diskBytes: 0, gpus: [], counts: {} };
      const own = { worker, instance: worker, name: worker };
      const hello = {
        ...own,
        slots: 1,
        offer,
        capabilities: {},
        machine,
        blobs: [],
        leases: [],
        lending: {},
        lent: ALWAYS_LENT,
      };
      const pass = { type: 'farm' } as const;
      engine.push({
        type: 'hello',
        session,
        reply: -session,
        address: '',
        pass,
        hello,
        identityHash: worker,
      });
      await until(() => said.answers.get(-session) === 'welcome', 'the worker was not welcomed');
    },
    async stop() {
      await engine.stop();
      broadcast.close();
      await db.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
