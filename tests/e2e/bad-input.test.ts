import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import type { RenderOverrides } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { ZipArchive } from 'archiver';
import { api } from '../support/api.ts';
import { type Blends, makeBlends } from '../support/blends.ts';
import { type Farm, startFarm } from '../support/farm.ts';

let farm: Farm;
/** Of little patience, and its worker has no graphics driver. */
let poor: Farm;
let blends: Blends;
/** What is said of a script that loops for ever: three attempts take a while, in which the others are tested. */
let saidOfLoop: Promise<string>;
before(async () => {
  [farm, poor, blends] = await Promise.all([
    startFarm({ workers: 1 }),
    startFarm({ workers: 0, env: { PILOT_HANG_SECONDS: '12' } }),
    makeBlends(),
  ]);
  // libglvnd finds no driver where there is none: Blender ends when it is to draw with OpenGL.
  await poor.addWorker({ __EGL_VENDOR_LIBRARY_DIRS: join(poor.folder, 'no-drivers') });
  saidOfLoop = sentenceFor(blends.path('script-loops'), { scripts: true }, poor);
  // It is looked at by a test of its own.
  saidOfLoop.catch(() => undefined);
});
after(async () => {
  await farm?.stop();
  await poor?.stop();
  await blends?.remove();
});

/** The sentence the user sees, whether the job is refused at once or fails later. */
async function sentenceFor(
  file: string,
  rest: { settings?: RenderOverrides; scripts?: boolean } = {},
  { url } = farm,
): Promise<string> {
  const { upload, request, reaches } = api(url);
  const blob = await upload(file);
  const answer = await request('POST', '/jobs', {
    kind: 'blender',
    source: { blob, fileName: 'scene.blend' },
    ...rest,
  });
  const body = (await answer.json()) as { id: JobId };
  if (!answer.ok) return Problem.parse(body).detail;
  return (await reaches(body.id, 'failed')).problem?.message ?? '';
}
/** What the page shows beside a job that goes on all the same. */
async function notesOf(name: string, rest: { settings?: RenderOverrides; scripts?: boolean } = {}) {
  const { submit, reaches } = api(farm.url);
  const job = await reaches(await submit(blends.path(name), rest), 'completed');
  assert.equal(job.counts.done, job.counts.total);
  return job.notes.map((note) => note.message).join('\n');
}

test('not a .blend', async () => {
  assert.match(await sentenceFor(blends.path('not-a-blend')), /not a \.blend/i);
});
test('a truncated .blend', async () => {
  assert.match(await sentenceFor(blends.path('truncated')), /cut short|truncated|incomplete|damaged/i);
});
test('a .blend of a newer Blender names both versions', async () => {
  assert.match(
    await sentenceFor(blends.path('newer')),
    /saved by Blender 9\.99.*Blender on your workers is \d+\.\d+/,
  );
});
test('no camera', async () => {
  assert.match(await sentenceFor(blends.path('no-camera')), /has no camera\. Add one in Blender/);
});
test('unknown scene', async () => {
  assert.match(
    await sentenceFor(blends.path('quick'), { settings: { scene: 'Nope' } }),
    /has no scene "Nope"\. It has: "Scene"/,
  );
});
test('unknown camera', async () => {
  assert.match(
    await sentenceFor(blends.path('quick'), { settings: { camera: 'Nope' } }),
    /has no camera "Nope"\. It has: "Camera"/,
  );
});
test('an empty and a malformed frame range', async () => {
  assert.match(
    await sentenceFor(blends.path('quick'), { settings: { frames: ' ' } }),
    /frame range is empty/,
  );
  assert.match(
    await sentenceFor(blends.path('quick'), { settings: { frames: '1-5,abc' } }),
    /"abc" at character 5/,
  );
});
test('a missing texture is a warning before the render', async () => {
  const { submit, reaches, json } = api(farm.url);
  const id = await submit(blends.path('missing-texture'), { review: true });
  const ready = await reaches(id, 'ready');
  assert.match(ready.notes.map((note) => note.message).join('\n'), /image "Wood" is missing: .*wood\.png/);
  await json('PUT', `/jobs/${id}/settings`, { frames: '1-2' });
  await reaches(id, 'completed');
});
test('Cycles with denoising on a Blender without a denoiser renders without, and says so', async (t) => {
  const [worker] = await farm.db.selectFrom('workers').select('capabilities_json').execute();
  if (JSON.parse(worker?.capabilities_json ?? '{}')['blender.denoiser'] === true)
    return t.skip('this Blender can denoise');
  assert.match(await notesOf('denoise'), /rendered without it/);
  assert.match(
    await sentenceFor(blends.path('denoise'), { settings: { denoise: 'on' } }),
    /built without a denoiser/,
  );
});
test('outputs set to a movie or to an unwritable path are ignored', async () => {
  await notesOf('movie-output');
  await notesOf('unwritable-output');
});
test('scripts in the file do not run unless switched on', async () => {
  assert.match(await notesOf('script-raises'), /scripts that want to run on load \(startup\.py\)/);
});
test('a script that raises, and one that ends Blender', async () => {
  assert.match(await sentenceFor(blends.path('script-raises'), { scripts: true }), /script/i);
  assert.match(await sentenceFor(blends.path('script-exits'), { scripts: true }), /script/i);
});
test('a zip with two .blend files asks which', async () => {
  const { upload, request, json, reaches } = api(farm.url);
  const file = join(farm.folder, 'two.zip');
  await zip(file, { 'shots/a.blend': blends.path('quick'), 'b.blend': blends.path('quick') });
  const blob = await upload(file);
  const job = { kind: 'blender', source: { blob, fileName: 'two.zip' }, settings: { frames: '1' } };
  const refused = await request('POST', '/jobs', job);
  assert.equal(refused.status, 422);
  const problem = Problem.parse(await refused.json());
  assert.match(problem.detail, /which/i);
  assert.deepEqual(problem.choices?.toSorted(), ['b.blend', 'shots/a.blend']);
  const made = await json('POST', '/jobs', { ...job, main: 'shots/a.blend' });
  await reaches(made.id, 'completed');
});
test('a script that loops for ever is stopped', async () => {
  assert.match(await saidOfLoop, /^Nothing was heard from Blender for too long, so it was stopped\./);
});
test('without a graphics driver EEVEE names the packages that lack, and Cycles works', async () => {
  assert.match(
    await sentenceFor(blends.path('eevee'), {}, poor),
    /^No connected worker can render with EEVEE: it needs OpenGL without a screen \(.*apt install libegl1 .*\)\. Install it on a worker, or choose Cycles\.$/,
  );
  const { submit, reaches } = api(poor.url);
  const settings = { engine: 'CYCLES', frames: '1', denoise: 'off' } as const;
  await reaches(await submit(blends.path('eevee'), { settings }), 'completed');
});

async function zip(target: string, files: Record<string, string>): Promise<void> {
  const archive = new ZipArchive();
  for (const [name, path] of Object.entries(files)) archive.file(path, { name });
  await Promise.all([pipeline(archive as never, createWriteStream(target)), archive.finalize()]);
}
