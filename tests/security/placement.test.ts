import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { WorkerFit } from '@parallel-pilot/shared/api/machines.ts';
import { newId, type WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { WorksFor } from '@parallel-pilot/shared/model/worker.ts';
import { type AccessFarm, type Asker, startAccessFarm } from './access/farm.ts';

const random = (count: number) => randomBytes(count);

let farm: AccessFarm;
const machines = new Map<WorksFor, WorkerId>();
before(async () => {
  farm = await startAccessFarm();
  for (const worksFor of ['owner', 'team', 'everyone'] as const) machines.set(worksFor, await lend(worksFor));
});
after(() => farm?.stop());

/** A machine of the member's; its pool and tag are named for whom it works for. */
async function lend(worksFor: WorksFor): Promise<WorkerId> {
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
      said_pools_json: JSON.stringify([`pool-${worksFor}`]),
      said_tags_json: JSON.stringify([`tag-${worksFor}`]),
      status: 'online',
      slots: 1,
      capabilities_json: JSON.stringify({ sandbox: 'bubblewrap', kinds: ['blender'] }),
      machine_json: '{"os":"Linux","cpus":1,"memoryBytes":16000000000}',
      first_seen_at: 1,
      last_seen_at: Date.now(),
    })
    .execute();
  return id;
}

async function post(asker: Asker, path: string, body: unknown): Promise<[number, string]> {
  const response = await fetch(`${farm.url}/api/v1${path}`, {
    method: 'POST',
    headers: { ...asker.headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return [response.status, await response.text()];
}
const fitOf = async (asker: Asker, question: unknown) => {
  const [status, text] = await post(asker, '/workers/fit', question);
  assert.equal(status, 200, text);
  return { fit: WorkerFit.parse(JSON.parse(text)), text };
};

test('who asks how many workers fit learns nothing of machines that they may not know of, and no tags of another team', async () => {
  const own = await fitOf(farm.askers.member, { placement: {} });
  assert.deepEqual([own.fit.connected, own.fit.fitting], [3, 3]);
  assert.deepEqual(own.fit.offer.pools, ['pool-everyone', 'pool-owner', 'pool-team']);
  assert.deepEqual(own.fit.offer.tags, ['tag-everyone', 'tag-owner', 'tag-team']);
  const others = await fitOf(farm.otherTeam, { placement: {} });
  assert.deepEqual([others.fit.connected, others.fit.fitting], [1, 1]);
  assert.deepEqual(others.fit.offer.pools, ['pool-everyone']);
  assert.doesNotMatch(others.text, /tag-|owner|pool-team|machine for team/);
  // Tried out, a tag is not there: as for one that never was.
  for (const tag of ['tag-everyone', 'never-was']) {
    const { fit } = await fitOf(farm.otherTeam, { kind: 'blender', placement: { tags: [tag] } });
    assert.deepEqual([fit.fitting, fit.others.map(({ why }) => why)], [0, [`lacks the tag ${tag}`]]);
  }
  const pool = await fitOf(farm.otherTeam, { kind: 'blender', placement: { pools: ['pool-everyone'] } });
  assert.equal(pool.fit.fitting, 1);
  const colleague = await fitOf(farm.askers.colleague, { placement: { pools: ['pool-owner'] } });
  assert.deepEqual(colleague.fit.others.map(({ worker, why }) => `${worker.name} ${why}`).toSorted(), [
    'machine for everyone is not in the pool pool-owner',
    'machine for owner does not work for you',
    'machine for team is not in the pool pool-owner',
  ]);
});

test('a job that names a private machine of another team is refused as one that names none that there is', async () => {
  const job = (id: string) => ({
    kind: 'blender',
    source: { blob: '0'.repeat(64), fileName: 'a.blend' },
    placement: { workers: [id] },
  });
  const never = newId('wrk', random);
  for (const id of [machines.get('team') ?? '', machines.get('owner') ?? '']) {
    const [status, text] = await post(farm.otherTeam, '/jobs', job(id));
    const [, unknown] = await post(farm.otherTeam, '/jobs', job(never));
    assert.equal(status, 422);
    assert.match(text, /no-such-worker/);
    assert.equal(text.replaceAll(id, ''), unknown.replaceAll(never, ''));
  }
  const [, common] = await post(farm.otherTeam, '/jobs', job(machines.get('everyone') ?? ''));
  assert.doesNotMatch(common, /no-such-worker/);
});

test('a choice that is not understood is refused with what is meant', async () => {
  const source = { blob: '0'.repeat(64), fileName: 'a.blend' };
  const refused = async (placement: unknown) =>
    (await post(farm.askers.member, '/jobs', { kind: 'blender', source, placement }))[1];
  assert.match(await refused({ pool: 'film' }), /"pool\\?" is not known here, did you mean \\?"pools/);
  assert.match(await refused({ pools: 'film' }), /invalid-request/);
  assert.match(await refused({ workers: ['studio-07'] }), /invalid-request/);
  assert.match(await refused({ memoryBytes: -1 }), /invalid-request/);
});
