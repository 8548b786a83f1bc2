import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fleetOf, knownFleetOf } from '@parallel-pilot/client-backend/fleet.ts';
import { WorkerList } from '@parallel-pilot/shared/api/farm.ts';
import { MadeJoinToken, WorkerHistory } from '@parallel-pilot/shared/api/machines.ts';
import {
  chunkId,
  type JobId,
  newId,
  type PersonId,
  type StageId,
  type TeamId,
  type WorkerId,
} from '@parallel-pilot/shared/model/ids.ts';
import type { WorksFor } from '@parallel-pilot/shared/model/worker.ts';
import { plantJob } from '../../load-balancer/tests/support/planted.ts';
import { type AccessFarm, type Asker, random, startAccessFarm } from './access/farm.ts';

let farm: AccessFarm;
/** A machine of the member's for each sort. */
const machines = new Map<WorksFor, WorkerId>();
before(async () => {
  farm = await startAccessFarm();
  for (const worksFor of ['owner', 'team', 'everyone'] as const) machines.set(worksFor, await lend(worksFor));
});
after(() => farm?.stop());

async function lend(worksFor: WorksFor, sandbox = 'bubblewrap'): Promise<WorkerId> {
  const id = newId('wrk', random);
  await farm.db
    .insertInto('workers')
    .values({
      id,
      identity_hash: id,
      credential_hash: id,
      person_id: farm.member,
      team_id: farm.team,
      works_for: worksFor,
      name: `machine for ${worksFor}`,
      note: 'under the desk of the boss',
      tags_json: '["secret-project"]',
      status: 'online',
      slots: 1,
      capabilities_json: JSON.stringify({ sandbox, [`has.${worksFor}`]: true }),
      machine_json: '{"os":"Linux","cpus":1,"memoryBytes":1}',
      first_seen_at: 1,
      last_seen_at: Date.now(),
      chunks_done: 12_345,
    })
    .execute();
  return id;
}

async function ask(asker: Asker, method: string, path: string, body?: unknown): Promise<[number, string]> {
  const response = await fetch(`${farm.url}/api/v1${path}`, {
    method,
    headers: { ...asker.headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return [response.status, await response.text()];
}

test('of the machines of another team one sees those that work for everyone, and of these nothing that others are at', async () => {
  const [, text] = await ask(farm.otherTeam, 'GET', '/workers');
  const { workers } = WorkerList.parse(JSON.parse(text));
  assert.deepEqual(
    workers.map(({ name, lender, chunksDone, load, tags, note, mayChange }) => [
      [name, mayChange],
      [lender, chunksDone, load, tags, note],
    ]),
    [
      [
        ['machine for everyone', false],
        [null, null, null, [], ''],
      ],
    ],
  );
  assert.doesNotMatch(text, /12345|boss|secret-project/);
  const own = WorkerList.parse(JSON.parse((await ask(farm.askers.member, 'GET', '/workers'))[1]));
  assert.equal(own.workers.length, 3);
  assert.equal(own.workers[0]?.note, 'under the desk of the boss');
});

test('a private machine of another team is as one that never was; a common one is changed by nobody else', async () => {
  const never = newId('wrk', random);
  for (const sort of ['owner', 'team'] as const) {
    const id = machines.get(sort) ?? '';
    for (const [method, path, body] of [
      ['PATCH', '', { disabled: true }],
      ['DELETE', ''],
      ['GET', '/history'],
      ['GET', '/load'],
    ] as const) {
      const real = await ask(farm.otherTeam, method, `/workers/${id}${path}`, body);
      assert.deepEqual(real, await ask(farm.otherTeam, method, `/workers/${never}${path}`, body));
      assert.equal(real[0], 404);
    }
  }
  const common = machines.get('everyone');
  for (const change of [{ disabled: true }, { worksFor: 'owner' }, { draining: true }])
    assert.equal((await ask(farm.otherTeam, 'PATCH', `/workers/${common}`, change))[0], 403);
  assert.equal((await ask(farm.otherTeam, 'DELETE', `/workers/${common}`))[0], 403);
  assert.equal((await ask(farm.otherTeam, 'GET', `/workers/${common}/load`))[0], 404);
});

test('for whom a machine works only its lender widens; a manager may narrow it and hold it back', async () => {
  const id = await lend('team');
  assert.equal((await ask(farm.askers.manager, 'PATCH', `/workers/${id}`, { worksFor: 'everyone' }))[0], 403);
  assert.equal((await ask(farm.askers.colleague, 'PATCH', `/workers/${id}`, { disabled: true }))[0], 403);
  assert.equal((await ask(farm.askers.manager, 'PATCH', `/workers/${id}`, { worksFor: 'owner' }))[0], 200);
  assert.equal((await ask(farm.askers.manager, 'PATCH', `/workers/${id}`, { disabled: true }))[0], 200);
  const [status, text] = await ask(farm.askers.member, 'PATCH', `/workers/${id}`, { worksFor: 'everyone' });
  assert.equal(status, 200, text);
  assert.equal((await ask(farm.askers.member, 'DELETE', `/workers/${id}`))[0], 204);
  assert.equal((await ask(farm.askers.member, 'PATCH', `/workers/${id}`, { note: 'x' }))[0], 404);
});

test('the history of a machine says of jobs of other teams no more than when it was at work', async () => {
  const worker = machines.get('everyone') as WorkerId;
  const lease = async (person: PersonId, team: TeamId, at: number) => {
    const { job, stage } = await plantJob(farm.db, { chunks: 1, person, team });
    await nameJob(job, stage, team === farm.team ? 'OURS' : 'THEIRS');
    await farm.db
      .insertInto('leases')
      .values({
        id: newId('lse', random),
        chunk_id: chunkId(stage, 0),
        job_id: job,
        worker_id: worker,
        granted_at: at,
        started_at: at,
        ended_at: at + 5,
        outcome: 'failed',
        failure_code: 'blender/died',
        failure_message: `SAID of ${team}`,
        busy_ms: 5,
        log: `PRINTED of ${team}`,
      })
      .execute();
  };
  for (let at = 0; at < 60; at += 1) await lease(farm.member, farm.team, 1_000 + at);
  await lease(farm.otherTeam.actor?.person as PersonId, farm.others, 2_000);
  const read = async (asker: Asker, query = ''): Promise<[WorkerHistory, string]> => {
    const [status, text] = await ask(asker, 'GET', `/workers/${worker}/history${query}`);
    assert.equal(status, 200, text);
    return [WorkerHistory.parse(JSON.parse(text)), text];
  };
  const [mine, seen] = await read(farm.askers.member);
  assert.equal(mine.attempts.length, 50);
  assert.deepEqual(
    [mine.attempts[0]?.job, mine.attempts[0]?.log, mine.attempts[0]?.failure, mine.attempts[0]?.outcome],
    [null, null, null, 'failed'],
  );
  assert.equal(mine.attempts[1]?.job?.name, 'OURS');
  assert.ok(!seen.includes('THEIRS') && !seen.includes(farm.others));
  const [rest] = await read(farm.askers.member, `?before=${mine.next}`);
  assert.equal(rest.attempts.length, 11);
  assert.equal(rest.next, null);
  const ids = new Set([...mine.attempts, ...rest.attempts].map(({ lease: id }) => id));
  assert.equal(ids.size, 61);
  const [theirs, told] = await read(farm.otherTeam);
  assert.deepEqual(
    theirs.attempts.map(({ job }) => job?.name),
    ['THEIRS'],
  );
  assert.ok(!told.includes('OURS') && !told.includes(farm.team));
});

async function nameJob(job: JobId, stage: StageId, name: string): Promise<void> {
  await farm.db.updateTable('jobs').set({ name, kind: 'blender' }).where('id', '=', job).execute();
  await farm.db.updateTable('stages').set({ name: 'probe' }).where('id', '=', stage).execute();
}

test('what a job is told of the farm is of the machines that may work for it', async () => {
  await lend('everyone', 'none');
  const fleets = [await fleetOf(farm.db), await knownFleetOf(farm.db, Date.now())];
  const had = (person: PersonId, team: TeamId) =>
    fleets.map((fleet) =>
      fleet({ person, team })
        .flatMap((it) => Object.keys(it))
        .filter((key) => key.startsWith('has.'))
        .toSorted(),
    );
  const stranger = farm.otherTeam.actor?.person as PersonId;
  const colleague = farm.askers.colleague.actor?.person as PersonId;
  for (const keys of had(stranger, farm.others)) assert.deepEqual(keys, ['has.everyone']);
  for (const keys of had(colleague, farm.team)) assert.deepEqual(keys, ['has.everyone', 'has.team']);
  for (const keys of had(farm.member, farm.team))
    assert.deepEqual(keys, ['has.everyone', 'has.everyone', 'has.owner', 'has.team']);
});

test('a join token is shown once, is the team’s, and is no key of the farm', async () => {
  const asked = { name: 'For the laptops', uses: 3, worksFor: 'everyone' };
  const [status, text] = await ask(farm.askers.member, 'POST', '/join-tokens', asked);
  assert.equal(status, 201, text);
  const { token, joinToken } = MadeJoinToken.parse(JSON.parse(text));
  assert.deepEqual([joinToken.usesLeft, joinToken.worksFor, joinToken.mine], [3, 'everyone', true]);
  const [, listed] = await ask(farm.askers.manager, 'GET', '/join-tokens');
  assert.ok(listed.includes(joinToken.id) && !listed.includes(token));
  const row = await farm.db.selectFrom('join_tokens').selectAll().where('id', '=', joinToken.id).execute();
  assert.ok(!JSON.stringify(row).includes(token));
  assert.ok(!(await ask(farm.otherTeam, 'GET', '/join-tokens'))[1].includes(joinToken.id));
  const asKey = { ...farm.askers.member, headers: { authorization: `Bearer ${token}` } };
  assert.equal((await ask(asKey, 'GET', '/workers'))[0], 401);
  // Whoever may lend machines is not given the farm's own token, which lets them in as the first person's.
  const [, line] = await ask(farm.askers.owner, 'GET', '/workers/join');
  assert.equal(JSON.parse(line).token, null);
  const past = await ask(farm.askers.member, 'POST', '/join-tokens', { name: 'Too late', expiresAt: 5 });
  assert.equal(past[0], 422);
});
