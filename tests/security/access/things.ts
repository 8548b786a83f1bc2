import { randomBytes } from 'node:crypto';
import { BlenderSpec } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import { newId } from '@parallel-pilot/shared/model/ids.ts';
import { insertFunction } from '@parallel-pilot/shared/server/db/functions.ts';
import { insertJoinToken } from '@parallel-pilot/shared/server/db/join-tokens.ts';
import { insertKey } from '@parallel-pilot/shared/server/db/keys.ts';
import { insertChannel } from '@parallel-pilot/shared/server/db/notices.ts';
import { insertPipeline } from '@parallel-pilot/shared/server/db/pipelines.ts';
import { insertSweep } from '@parallel-pilot/shared/server/db/sweeps.ts';
import { noteTeamBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { joinTeam } from '@parallel-pilot/shared/server/db/teams.ts';
import { insertTemplate } from '@parallel-pilot/shared/server/db/templates.ts';
import { plantJob } from '../../../load-balancer/tests/support/planted.ts';
import { type AccessFarm, addPerson, random } from './farm.ts';

/** What the parameters of a path name: something of the team's or the member's, and something that never was. Both new for each request. */
export type Things = Record<string, Thing>;
type Thing = { real: string; unknown: string };

export async function thingsFor(farm: AccessFarm, path: string): Promise<Things> {
  await farm.gather();
  const things: Things = {};
  for (const [, name = ''] of path.matchAll(/\{(\w+)\}/g)) {
    const make = name === 'id' ? THINGS[path.split('/')[3] ?? ''] : PARTS[name];
    const of = path.includes('account/keys')
      ? key
      : path.includes('/functions/{name}')
        ? PARTS[`function.${name}`]
        : make;
    if (of === undefined) throw new Error(`things.ts does not know what ${name} of ${path} is`);
    things[name] = await of(farm);
  }
  return things;
}

type Make = (farm: AccessFarm) => Promise<Thing> | Thing;
const same = (value: string): Thing => ({ real: value, unknown: value });

async function key({ db, member, team }: AccessFarm): Promise<Thing> {
  const id = newId('key', random);
  const row = { id, hash: id, person_id: member, team_id: team, name: 'A key', scopes: 'read' };
  await insertKey(db, { ...row, created_at: 1, expires_at: null });
  return { real: id, unknown: newId('key', random) };
}

const ONE_JOB = JSON.stringify([
  { name: 'only', id: newId('job', random), job: { kind: 'command', words: ['true'] } },
]);

/** `{id}`, by the name before it. */
const THINGS: Record<string, Make> = {
  async jobs({ db, member, team }) {
    const { job } = await plantJob(db, { chunks: 1, person: member, team, state: 'paused' });
    await db.updateTable('jobs').set({ kind: 'blender', spec_json: SPEC }).where('id', '=', job).execute();
    await db.updateTable('stages').set({ name: 'probe' }).where('job_id', '=', job).execute();
    return { real: job, unknown: newId('job', random) };
  },
  async sweeps({ db, member, team }) {
    const { job } = await plantJob(db, { chunks: 1, person: member, team, state: 'paused' });
    const id = newId('job', random);
    const sweep = {
      team_id: team,
      id,
      person_id: member,
      name: 'A sweep',
      search_json: SEARCH,
      problem: null,
    };
    await insertSweep(db, { ...sweep, created_at: 1 }, [{ job_id: job, held: null }]);
    const row = { kind: 'training', spec_json: TRAINING, group_id: id };
    await db.updateTable('jobs').set(row).where('id', '=', job).execute();
    return { real: id, unknown: newId('job', random) };
  },
  async pipelines({ db, member, team }) {
    const { job } = await plantJob(db, { chunks: 1, person: member, team, state: 'paused' });
    const id = newId('pip', random);
    const source = { source_name: null, source_text: null, parameters_json: '{}' };
    const template = { template_parameters_json: '{}', template_jobs_json: ONE_JOB };
    await insertPipeline(
      db,
      {
        ...source,
        ...template,
        id,
        team_id: team,
        person_id: member,
        name: 'A pipeline',
        request_id: id,
        created_at: 1,
      },
      [{ job_id: job, name: 'only', matrix: '' }],
    );
    return { real: id, unknown: newId('pip', random) };
  },
  async templates({ db, member, team }) {
    const id = newId('tpl', random);
    const jobs = { jobs_json: '[]', job_count: 0, parameters_json: '{}', fixed_json: '{}' };
    const row = { ...jobs, id, team_id: team, person_id: member, name: id, saved_at: 1 };
    await insertTemplate(db, { ...row, source_name: null, source_text: null }, []);
    return { real: id, unknown: newId('tpl', random) };
  },
  async uploads({ url, askers }) {
    const headers = { ...askers.member.headers, 'tus-resumable': '1.0.0', 'upload-length': '4' };
    const made = await fetch(`${url}/api/v1/uploads`, { method: 'POST', headers });
    const id = made.headers.get('location')?.split('/').at(-1) ?? '';
    return { real: id, unknown: randomBytes(16).toString('hex') };
  },
  async workers({ db, member, team }) {
    const id = newId('wrk', random);
    const lent = { person_id: member, team_id: team, works_for: 'team', name: 'lent' } as const;
    const facts = {
      slots: 1,
      capabilities_json: '{}',
      machine_json: '{"os":"Linux","cpus":1,"memoryBytes":1}',
    };
    const seen = { status: 'offline', first_seen_at: 1, last_seen_at: 1 } as const;
    await db
      .insertInto('workers')
      .values({ id, identity_hash: id, credential_hash: id, ...lent, ...facts, ...seen })
      .execute();
    return { real: id, unknown: newId('wrk', random) };
  },
  async 'join-tokens'({ db, member, team }) {
    const id = newId('jtk', random);
    const row = { id, hash: id, person_id: member, team_id: team, name: 'one', created_at: 1 };
    await insertJoinToken(db, { ...row, works_for: 'team', uses_left: 1, expires_at: null });
    return { real: id, unknown: newId('jtk', random) };
  },
  /** A function that its own token opens. */
  public: () => same(newId('fun', random)),
  teams: ({ team }) => ({ real: team, unknown: newId('tea', random) }),
  people: async ({ db }) => ({ real: await addPerson(db, 'person'), unknown: newId('per', random) }),
};

/** Parameters with names of their own. */
const PARTS: Record<string, Make> = {
  async hash({ db, team }) {
    const hash = randomBytes(32).toString('hex') as never;
    const row = { hash, size: 4, media_type: 'text/plain', created_at: Date.now(), claims: 1 };
    await db.insertInto('blobs').values(row).execute();
    await noteTeamBlob(db, team, hash, Date.now());
    return { real: hash, unknown: randomBytes(32).toString('hex') };
  },
  async person({ db, team }) {
    const person = await addPerson(db, 'person');
    await joinTeam(db, { team_id: team, person_id: person, role: 'member', joined_at: 1 });
    return { real: person, unknown: newId('per', random) };
  },
  async link({ db, team, member }) {
    const id = newId('lnk', random);
    const row = {
      id,
      token_hash: id,
      purpose: 'invitation',
      team_id: team,
      role: 'member',
      email: null,
    } as const;
    const times = { created_at: Date.now(), expires_at: Date.now() + 60_000, used_at: null };
    await db
      .insertInto('links')
      .values({ ...row, ...times, person_id: null, created_by: member })
      .execute();
    return { real: id, unknown: newId('lnk', random) };
  },
  async userCode({ db }) {
    const letters = [...random(8)].map((byte) => 'BCDFGHJKLMNPQRST'[byte & 15]).join('');
    const code = `${letters.slice(0, 4)}-${letters.slice(4)}`;
    const row = { device_hash: code, user_code: code, name: 'A laptop', scopes: 'read', address: '10.0.0.1' };
    await db
      .insertInto('device_codes')
      .values({
        ...row,
        state: 'waiting',
        person_id: null,
        team_id: null,
        created_at: Date.now(),
        expires_at: Date.now() + 60_000,
      })
      .execute();
    return same(code);
  },
  async channel({ db, team, member }) {
    const id = newId('nch', random);
    await insertChannel(db, {
      ...{ id, person_id: member, team_id: team, type: 'webhook', name: 'hooks.example' },
      ...{ address: 'https://hooks.example/', address_hash: id, keys_json: null, events: '', created_at: 1 },
    });
    return { real: id, unknown: newId('nch', random) };
  },
  /** Without a version: nothing of it is ever run. */
  async 'function.name'({ db, team, member }) {
    const name = `f${randomBytes(8).toString('hex')}`;
    const row = { id: newId('fun', random), team_id: team, person_id: member, name, active_version: 1 };
    await insertFunction(db, { ...row, public_token_hash: null, created_at: 1, updated_at: 1 });
    return { real: name, unknown: 'never-deployed' };
  },
  'function.call': () => same(newId('cal', random)),
  provider: () => same('oidc'),
  ordinal: () => same('1'),
  frame: () => same('1'),
  round: () => same('1'),
  shard: () => same('merged'),
  place: () => same('0'),
  run: () => same('1'),
  name: () => same('video.mp4'),
};

const SEARCH = JSON.stringify({ parameters: { lr: { of: 'choice', values: [1, 2] } } });
const SCRIPT = { blob: '0'.repeat(64), fileName: 'a.py', size: 1 };
const TRAINING = JSON.stringify(
  TrainingSpec.parse({ kind: 'training', script: SCRIPT, data: null, settings: {}, modules: [] }),
);
const SPEC = JSON.stringify(
  BlenderSpec.parse({
    kind: 'blender',
    main: 'cubes.blend',
    source: { blob: '0'.repeat(64), fileName: 'cubes.blend' },
    files: [{ path: 'cubes.blend', hash: '0'.repeat(64), size: 1 }],
    fileVersion: '3.4',
    settings: {},
    scripts: false,
    review: false,
    onFailure: 'finish-others',
  }),
);

/** The body of a request, where it must have one to be understood. */
export async function bodyFor(farm: AccessFarm, operation: string): Promise<unknown> {
  if (operation === 'PUT /api/v1/account/team') return { team: farm.team };
  if (operation.endsWith('/hand-over')) return { person: (await PARTS.person?.(farm))?.real };
  return BODIES[operation];
}

const BODIES: Record<string, unknown> = {
  'PATCH /api/v1/jobs/{id}': { name: 'Another name' },
  'PUT /api/v1/jobs/{id}/settings': {},
  'POST /api/v1/jobs': { kind: 'blender', source: { blob: '0'.repeat(64), fileName: 'a.blend' } },
  'PUT /api/v1/templates': { name: 'A template', jobs: [] },
  'POST /api/v1/templates/{id}/run': {},
  'POST /api/v1/pipelines/{id}/template': { name: 'A template' },
  'POST /api/v1/functions': {
    name: 'another',
    handler: 'a.py',
    files: [{ blob: '0'.repeat(64), path: 'a.py' }],
  },
  'POST /api/v1/functions/{name}/rollback': {},
  'POST /api/v1/functions/{name}/invoke': {},
  'POST /api/v1/pipelines': { name: 'A pipeline', requestId: 'a-request', jobs: [] },
  'POST /api/v1/jobs/outlook': { kind: 'blender' },
  'PATCH /api/v1/account': { name: 'Another name' },
  'POST /api/v1/account/notifications': { type: 'webhook', url: 'https://hooks.example/', events: ['done'] },
  'POST /api/v1/account/notices/read': { upTo: 1 },
  'PATCH /api/v1/account/notifications/{channel}': { events: ['failed'] },
  'POST /api/v1/account/keys': { name: 'A key', scopes: ['read'], expiresAt: null },
  'POST /api/v1/teams': { name: 'A team' },
  'PATCH /api/v1/teams/{id}': { name: 'Another name' },
  'PATCH /api/v1/teams/{id}/members/{person}': { role: 'viewer' },
  'POST /api/v1/teams/{id}/invitations': {},
  'POST /api/v1/people/invitations': {},
  'PATCH /api/v1/teams/{id}/limits': { waitingJobs: 1_000 },
  'PATCH /api/v1/people/{id}': { limits: { waitingJobs: 1_000 } },
  'PATCH /api/v1/settings': { deadlines: { first: 0.3 } },
  'POST /api/v1/impersonation': { person: newId('per', random) },
  'POST /api/v1/workers/fit': { placement: { pools: ['film'] } },
  'PATCH /api/v1/workers/{id}': { label: 'Another name' },
  'POST /api/v1/join-tokens': { name: 'For the laptops' },
};
