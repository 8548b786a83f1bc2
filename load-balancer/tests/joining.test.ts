import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { cacheKey } from '@parallel-pilot/shared/files/cache-key.ts';
import { type BlobHash, type JobId, type JoinTokenId, newId } from '@parallel-pilot/shared/model/ids.ts';
import type { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import { requirementsOf } from '@parallel-pilot/shared/model/placement.ts';
import type { WorksFor } from '@parallel-pilot/shared/model/worker.ts';
import { insertJoinToken, revokeJoinToken } from '@parallel-pilot/shared/server/db/join-tokens.ts';
import { insertPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { changeWorker, labelsOf, removeWorker } from '@parallel-pilot/shared/server/db/workers.ts';
import { newMachineSecret } from '@parallel-pilot/shared/server/machine-secrets.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import { type MariaDb, startMariaDb } from '../../tests/support/mariadb.ts';
import { until } from '../../tests/support/until.ts';
import type { FakeWorker } from './support/fake-worker.ts';
import { type FarmUnderTest, startFarm } from './support/farm-under-test.ts';
import { setJob } from './support/planted.ts';

const random = (count: number) => randomBytes(count);
const BOXED = { sandbox: 'bubblewrap' };
const SANDBOX = { key: 'sandbox', op: 'equals', value: 'bubblewrap' } as const;

for (const kind of ['SQLite', 'MariaDB'] as const) {
  describe(`joining with tokens, on ${kind}`, () => {
    let mariaDb: MariaDb | undefined;
    let farm: FarmUnderTest;
    const ada = { person: newId('per', random), team: newId('tea', random) };

    before(async () => {
      if (kind === 'MariaDB') mariaDb = await startMariaDb();
      farm = await startFarm(mariaDb?.url);
      const row = { id: ada.person, subject: 'ada', name: 'Ada', role: 'person', created_at: 1 } as const;
      await insertPerson(farm.db, row, ada.team);
    });
    after(async () => {
      await farm.stop();
      await mariaDb?.stop();
    });

    async function makeToken(
      more: { uses?: number | null; expiresAt?: number; worksFor?: WorksFor } = {},
    ): Promise<{ id: JoinTokenId; token: string }> {
      const [id, token] = [newId('jtk', random), newMachineSecret('join-token', random)];
      await insertJoinToken(farm.db, {
        id,
        hash: sha256(token),
        person_id: ada.person,
        team_id: ada.team,
        name: 'laptops',
        works_for: more.worksFor ?? 'team',
        uses_left: more.uses === undefined ? 1 : more.uses,
        created_at: 1,
        expires_at: more.expiresAt ?? null,
      });
      return { id, token };
    }
    const cancel = async (job: JobId) => {
      await setJob(farm.db, job, { state: 'canceled' });
      farm.control.emit('jobs-changed', { jobs: [job] });
    };
    const usesLeft = async (id: JoinTokenId) => {
      const row = await farm.db
        .selectFrom('join_tokens')
        .select('uses_left')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return row.uses_left;
    };
    const rowOf = (worker: FakeWorker) =>
      farm.db.selectFrom('workers').selectAll().where('id', '=', worker.id).executeTakeFirstOrThrow();

    test('a worker trades a token for a credential of its own, and comes back with that', async () => {
      const { id, token } = await makeToken();
      const worker = farm.worker({ token, capabilities: BOXED });
      const credential = await credentialOf(worker);
      assert.equal(await usesLeft(id), 0);
      const row = await rowOf(worker);
      assert.deepEqual(
        [row.person_id, row.team_id, row.works_for, row.join_token_id],
        [ada.person, ada.team, 'team', id],
      );
      // Of neither is more stored than its hash.
      assert.equal(row.credential_hash, sha256(credential));
      assert.ok(!JSON.stringify(row).includes(credential));
      worker.close();
      const again = farm.worker({ id: worker.id, token: credential, capabilities: BOXED });
      await until(() => again.welcome?.ok, 'its credential was not taken');
      assert.equal(again.welcome?.ok && again.welcome.credential, undefined);
      again.close();
    });

    test('a token lets in as many as it says, also when they come at once; who never got the answer may ask again', async () => {
      const { id, token } = await makeToken({ uses: 2 });
      const workers = Array.from({ length: 5 }, () => farm.worker({ token }));
      await until(() => workers.every((worker) => worker.welcome !== null), 'not all were answered');
      const codes = workers.map(({ welcome }) => (welcome?.ok ? 'in' : welcome?.code)).toSorted();
      assert.deepEqual(codes, ['in', 'in', 'token-used-up', 'token-used-up', 'token-used-up']);
      assert.equal(await usesLeft(id), 0);
      const refused = workers.find(({ welcome }) => welcome?.ok === false)?.welcome;
      assert.match((!refused?.ok && refused?.message) || '', /as many machines .* Make a new one/i);
      const one = workers.find(({ welcome }) => welcome?.ok);
      assert.ok(one !== undefined);
      const first = await credentialOf(one);
      for (const worker of workers) worker.close();
      await until(async () => (await rowOf(one)).status === 'offline', 'it stayed');
      // Its process died before the credential was on its disk: it has the token alone.
      const retry = farm.worker({ id: one.id, token });
      const second = await credentialOf(retry);
      assert.notEqual(second, first);
      assert.equal(await usesLeft(id), 0);
      retry.close();
      const old = farm.worker({ id: one.id, token: first });
      await until(() => old.refused, 'the credential before is still good');
      old.close();
    });

    test('tokens that have ended, were revoked, or are none are refused with the reason, and cost nothing', async () => {
      const ended = await makeToken({ expiresAt: Date.now() - 1 });
      const revoked = await makeToken();
      await revokeJoinToken(farm.db, revoked.id, 1);
      for (const [token, code] of [
        [ended.token, 'token-expired'],
        [revoked.token, 'token-revoked'],
      ] as const) {
        const worker = farm.worker({ token });
        await until(
          () => worker.refused === code,
          () => `it was told ${worker.refused}`,
        );
        worker.close();
      }
      assert.equal(await usesLeft(ended.id), 1);
      const stranger = farm.worker({ token: newMachineSecret('join-token', random) });
      await until(() => stranger.refused, 'a token that nobody made was let in');
      assert.equal(stranger.welcome, null);
      stranger.close();
      // Nor is a credential of one worker good for another.
      const worker = farm.worker({ token: (await makeToken()).token });
      const thief = farm.worker({ token: await credentialOf(worker) });
      const answer = await until(() => thief.welcome, 'no answer');
      assert.equal(!answer.ok && answer.code, 'credential-of-another');
      for (const it of [worker, thief]) it.close();
    });

    test('of two workers with one credential the second is refused while the first is there', async () => {
      const first = farm.worker({ token: (await makeToken()).token });
      const token = await credentialOf(first);
      const copy = { id: first.id, token, instance: 'another run, another machine' };
      const second = farm.worker(copy);
      const answer = await until(() => second.welcome, 'no answer');
      assert.equal(!answer.ok && answer.code, 'credential-in-use');
      assert.match(answer.ok ? '' : answer.message, /same data folder/);
      assert.ok(first.socket.connected);
      second.close();
      first.vanish();
      const moved = farm.worker(copy);
      await until(
        async () => moved.welcome?.ok || (moved.welcome !== null && void moved.socket.disconnect().connect()),
        'nor when the first is gone',
      );
      moved.close();
    });

    test('a worker that is removed is gone at once, what it had goes back uncounted, and it stays out', async () => {
      const worker = farm.worker({ token: (await makeToken()).token, capabilities: BOXED });
      const token = await credentialOf(worker);
      const { job, stage } = await farm.plant({ chunks: 1, ...ada });
      await until(() => worker.assigns.length === 1, 'it got nothing');
      await worker.start(worker.assigns[0]?.lease as never);
      assert.ok(await removeWorker(farm.db, worker.id, 5));
      farm.control.emit('workers-changed', { workers: [worker.id] });
      await until(() => !worker.socket.connected, 'its connection stands');
      worker.close();
      const chunk = await until(async () => {
        const row = await farm.db
          .selectFrom('chunks')
          .selectAll()
          .where('stage_id', '=', stage)
          .executeTakeFirst();
        return row?.state === 'queued' ? row : undefined;
      }, 'its chunk did not go back');
      assert.equal(chunk.attempts, 0);
      const again = farm.worker({ id: worker.id, token });
      await until(
        () => again.refused === 'worker-removed',
        () => `it was told ${again.refused}`,
      );
      again.close();
      // Neither the farm's own token nor a new one brings the same worker back.
      for (const other of [farm.secrets.workerToken, (await makeToken()).token]) {
        const back = farm.worker({ id: worker.id, token: other });
        const answer = await until(() => back.welcome, 'no answer');
        assert.equal(!answer.ok && answer.code, 'worker-removed');
        back.close();
      }
      assert.equal((await rowOf(worker)).revoked_at, 5);
      await cancel(job);
    });

    test('for whom it works is changed while it runs, and it is held back and drained from the site', async () => {
      const worker = farm.worker({
        token: (await makeToken({ worksFor: 'everyone' })).token,
        capabilities: BOXED,
      });
      await credentialOf(worker);
      const others = await farm.plant({ chunks: 1 });
      const assign = await until(
        () => worker.assigns.find(({ job }) => job === others.job),
        'it got nothing',
      );
      assert.ok(assign);
      await worker.start(assign.lease);
      await changeWorker(farm.db, worker.id, { works_for: 'team' });
      farm.control.emit('workers-changed', { workers: [worker.id] });
      await until(() => worker.revoked.includes(assign.lease), 'it goes on with what it may not have');
      const own = await farm.plant({ chunks: 2, ...ada });
      const next = await until(
        () => worker.assigns.find(({ job }) => job === own.job),
        'nor of its own team',
      );
      assert.equal(worker.assigns.filter(({ job }) => job === others.job).length, 1);
      await worker.start(next.lease);
      await changeWorker(farm.db, worker.id, { disabled_at: 7 });
      farm.control.emit('workers-changed', { workers: [worker.id] });
      await until(() => worker.reclaimed.length === 1, 'what it has not begun was not asked back');
      const reply = await farm.control.emitWithAck('drain-worker', { worker: worker.id });
      assert.deepEqual(reply, { ok: true });
      await until(() => worker.drained, 'it was not told to finish');
      worker.close();
      const absent = await farm.control.emitWithAck('drain-worker', { worker: newId('wrk', random) });
      assert.equal(absent.code, 'not-allowed');
      for (const { job } of [others, own]) await cancel(job);
    });

    test('a worker is where it was started, until people set something else, which stands when it comes back', async () => {
      const inPool = (pool: string) =>
        farm.plant({ chunks: 1, ...ada, requirements: [SANDBOX, ...requirementsOf({ pools: [pool] })] });
      const { token } = await makeToken();
      const started = { token, capabilities: BOXED, pools: ['film'], tags: ['fast'], slots: 4 };
      const worker = farm.worker(started);
      const credential = await credentialOf(worker);
      assert.deepEqual(labelsOf(await rowOf(worker)), { pools: ['film'], tags: ['fast'] });
      const [film, night] = [await inPool('film'), await inPool('night')];
      const has = (of: FakeWorker, { job }: { job: JobId }) => of.assigns.some((it) => it.job === job);
      await until(() => has(worker, film), 'it got nothing of its pool');
      await changeWorker(farm.db, worker.id, { pools_json: '["night"]' });
      farm.control.emit('workers-changed', { workers: [worker.id] });
      await until(() => has(worker, night), 'it got nothing of the pool that it was put into');
      worker.close();
      await until(async () => (await rowOf(worker)).status === 'offline', 'it stayed');
      const back = { ...started, id: worker.id, token: credential, pools: ['film', 'shop'], tags: ['quiet'] };
      const again = farm.worker(back);
      const shop = await inPool('shop');
      await until(() => has(again, night), 'it is not in the pool any more that it was put into');
      assert.deepEqual(labelsOf(await rowOf(again)), { pools: ['night'], tags: ['quiet'] });
      assert.ok(!has(again, film) && !has(again, shop));
      await changeWorker(farm.db, worker.id, { pools_json: null });
      farm.control.emit('workers-changed', { workers: [worker.id] });
      await until(() => has(again, film) && has(again, shop), 'it is not where it was started');
      again.close();
      for (const { job } of [film, night, shop]) await cancel(job);
    });

    test('teams have caches of their own, and a worker hears of files that go only if a lease has named them to it', async () => {
      const input = { path: 'main.blend' as RelativePath, hash: 'ab'.repeat(32) as BlobHash, size: 1 };
      const [worker, other] = [farm.worker({ capabilities: BOXED, slots: 2 }), farm.worker({ slots: 1 })];
      await until(() => worker.welcome?.ok && other.welcome?.ok, 'no welcome');
      // It says that it has the file, to find out whether anybody else does.
      other.socket.emit('blobs-changed', { added: [input.hash], removed: [] });
      const plan = { chunks: 1, inputs: [input], requirements: [SANDBOX] };
      const jobs = [await farm.plant({ ...plan, ...ada }), await farm.plant(plan)];
      const given = () => worker.assigns.filter((assign) => jobs.some(({ job }) => job === assign.job));
      await until(() => given().length === 2, 'it did not get both');
      const scopes = given().map(({ cacheScope }) => cacheScope);
      assert.equal(new Set(scopes).size, 2);
      for (const scope of scopes) assert.ok(scope !== '' && !JSON.stringify([ada, jobs]).includes(scope));
      farm.control.emit('blobs-freed', { blobs: [input.hash] });
      await until(() => worker.forgotten.length > 0, 'it was not told');
      const told = worker.forgotten;
      assert.ok(scopes.some((scope) => told.includes(cacheKey(scope, input.hash))));
      assert.ok(!told.includes(input.hash));
      // Told in the same turn as the other was.
      assert.deepEqual(other.forgotten, []);
      for (const it of [worker, other]) it.close();
      for (const { job } of jobs) await cancel(job);
    });

    test('machines of somebody who is banned are let go, and come back when that ends', async () => {
      const worker = farm.worker({ token: (await makeToken()).token });
      const token = await credentialOf(worker);
      const ban = (at: number | null) =>
        farm.db.updateTable('people').set({ banned_at: at }).where('id', '=', ada.person).execute();
      await ban(9);
      farm.control.emit('workers-changed', { workers: [worker.id] });
      await until(() => !worker.socket.connected, 'its connection stands');
      worker.close();
      const again = farm.worker({ id: worker.id, token });
      await until(
        () => again.refused === 'lender-gone',
        () => `it was told ${again.refused}`,
      );
      again.close();
      await ban(null);
      const back = farm.worker({ id: worker.id, token });
      await until(() => back.welcome?.ok, 'it was not let in again');
      back.close();
    });
  });
}

const credentialOf = (worker: FakeWorker): Promise<string> =>
  until(
    () => (worker.welcome?.ok ? worker.welcome.credential : undefined),
    () => `no credential: ${JSON.stringify(worker.welcome)} ${worker.refused}`,
  );
