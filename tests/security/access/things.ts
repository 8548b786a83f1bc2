import { randomBytes } from 'node:crypto';
import { BlenderSpec } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import { newId } from '@parallel-pilot/shared/model/ids.ts';
import { noteTeamBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { plantJob } from '../../../load-balancer/tests/support/planted.ts';
import { type AccessFarm, random } from './farm.ts';

/** What the parameters of a path name: something of the member's, and something that never was. Both new for each request. */
export type Things = Record<string, { real: string; unknown: string }>;

/** What a request to that path needs beside it, so that it gets as far as to be refused or done. */
export async function thingsFor(farm: AccessFarm, path: string): Promise<Things> {
  const things: Things = {};
  for (const [, name = ''] of path.matchAll(/\{(\w+)\}/g)) things[name] = await thing(farm, path, name);
  return things;
}

async function thing(farm: AccessFarm, path: string, name: string): Promise<Things[string]> {
  const { db, team, member } = farm;
  const same = (value: string) => ({ real: value, unknown: value });
  if (name === 'hash') {
    const hash = randomBytes(32).toString('hex');
    await db
      .insertInto('blobs')
      .values({ hash: hash as never, size: 4, media_type: 'text/plain', created_at: Date.now(), claims: 1 })
      .execute();
    await noteTeamBlob(db, team, hash as never, Date.now());
    return { real: hash, unknown: randomBytes(32).toString('hex') };
  }
  if (name === 'id' && path.startsWith('/api/v1/jobs/')) {
    const { job } = await plantJob(db, { chunks: 1, person: member, team, state: 'paused' });
    await db.updateTable('jobs').set({ kind: 'blender', spec_json: SPEC }).where('id', '=', job).execute();
    await db.updateTable('stages').set({ name: 'probe' }).where('job_id', '=', job).execute();
    return { real: job, unknown: newId('job', random) };
  }
  if (name === 'id' && path.startsWith('/api/v1/uploads/')) {
    const made = await fetch(`${farm.url}/api/v1/uploads`, {
      method: 'POST',
      headers: { ...farm.askers.member.headers, 'tus-resumable': '1.0.0', 'upload-length': '4' },
    });
    const id = made.headers.get('location')?.split('/').at(-1) ?? '';
    return { real: id, unknown: randomBytes(16).toString('hex') };
  }
  if (['ordinal', 'frame', 'round'].includes(name)) return same('1');
  if (name === 'name') return same('video.mp4');
  throw new Error(`tests/security/access/things.ts does not know what ${name} of ${path} is`);
}

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
export const BODIES: Record<string, unknown> = {
  'PATCH /api/v1/jobs/{id}': { name: 'Another name' },
  'PUT /api/v1/jobs/{id}/settings': {},
  'POST /api/v1/jobs': {
    kind: 'blender',
    source: { blob: '0'.repeat(64), fileName: 'a.blend' },
  },
};
