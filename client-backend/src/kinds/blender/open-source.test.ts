import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { BlenderSpec } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import { type BlobHash, newId } from '@parallel-pilot/shared/model/ids.ts';
import type { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import { insertBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { noteTeamBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { startTestBackend, type TestBackend, temporaryFolder } from '../../app.fixture.ts';
import { type Zipped, zipOf } from '../../archives/zip.fixture.ts';
import { openSource } from './open-source.ts';
import { prepare } from './prepare.ts';

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex') as BlobHash;
const SCENE = blendOf('BLENDER-v304');
const NEWER = blendOf('BLENDER17-01v0500', 32);

test('a .blend is taken as it is, under a name that any disk can hold', async (t) => {
  const { open } = await start(t);
  const expected = { hash: hashOf(SCENE), size: SCENE.length };
  for (const [fileName, path] of [
    ['My scene (2).blend', 'My scene (2).blend'],
    ['C:\\work\\ä/../x:y?.BLEND', 'x_y_.blend'],
    ['..', 'scene.blend'],
  ] as const) {
    const opened = await open(SCENE, fileName);
    assert.deepEqual(opened, { ok: true, main: path, files: [{ path, ...expected }], fileVersion: '3.4' });
  }
});

test('an archive is unpacked into blobs, its leftovers left out', async (t) => {
  const { open, backend } = await start(t);
  const texture = randomBytes(70_000);
  const opened = await open(
    zipOf([
      { name: 'shot/', bytes: Buffer.alloc(0) },
      { name: 'shot/textures/wood.png', bytes: texture },
      { name: './shot/scene.blend', bytes: SCENE, store: true },
      { name: 'shot/scene.blend1', bytes: SCENE },
      { name: '__MACOSX/shot/._scene.blend', bytes: Buffer.from('x') },
      { name: 'shot/.DS_Store', bytes: Buffer.from('x') },
      { name: 'shot\\cache\\liquid.vdb', bytes: Buffer.from('liquid') },
    ]),
  );
  assert.ok(opened.ok, JSON.stringify(opened));
  assert.equal(opened.main, 'shot/scene.blend');
  assert.equal(opened.fileVersion, '3.4');
  const paths = opened.files.map((file) => file.path).sort();
  assert.deepEqual(paths, ['shot/cache/liquid.vdb', 'shot/scene.blend', 'shot/textures/wood.png']);
  assert.deepEqual(await buffer(backend.parts.blobs.read(hashOf(texture))), texture);
  const rows = await backend.parts.db.selectFrom('blobs').select('hash').execute();
  assert.ok(rows.some((row) => row.hash === hashOf(texture)));
});

test('several .blend files: the user is asked which', async (t) => {
  const { open } = await start(t);
  const zip = zipOf([
    { name: 'b.blend', bytes: NEWER },
    { name: 'lib/a.blend', bytes: SCENE },
  ]);
  const choices = ['b.blend', 'lib/a.blend'];
  assert.deepEqual(await open(zip), {
    ok: false,
    code: 'several-blends',
    message: '"scene.zip" holds 2 .blend files. Which one?',
    choices,
  });
  const wrong = await open(zip, 'scene.zip', 'c.blend');
  assert.ok(!wrong.ok && wrong.code === 'unknown-main' && /Which one\?/.test(wrong.message));
  const first = await open(zip, 'scene.zip', 'b.blend');
  assert.ok(first.ok && first.fileVersion === '5.0' && first.files.length === 2);
});

test('an archive that would do harm is refused with the reason, and nothing of it stays', async (t) => {
  const { open, backend, folder } = await start(t, { maxUploadBytes: 10_000_000 });
  const scene = { name: 'scene.blend', bytes: SCENE };
  const other = { name: 'other.png', bytes: randomBytes(3000) };
  const evil: [string, Zipped[], RegExp][] = [
    ['parent', [scene, { ...other, name: '../../etc/passwd' }], /leads out of its folder/],
    ['inner parent', [scene, { ...other, name: 'a/../../b' }], /leads out of its folder/],
    ['backslashes', [scene, { ...other, name: '..\\..\\b' }], /leads out of its folder/],
    ['absolute', [scene, { ...other, name: '/etc/passwd' }], /an absolute place on the disk/],
    ['drive', [scene, { ...other, name: 'C:\\x.png' }], /an absolute place on the disk/],
    ['link', [scene, { ...other, mode: 0o120777 }], /"other\.png" is a link/],
    ['encrypted', [scene, { ...other, flags: 1 }], /is encrypted/],
    ['method', [scene, { ...other, method: 14 }], /packed in a way that is not known/],
    ['twice', [scene, other, { ...other, name: 'OTHER.png' }], /"(OTHER|other)\.png" twice/],
    ['file as folder', [scene, other, { ...other, name: 'Other.PNG/x' }], /twice/],
    ['declared bomb', [scene, { ...other, declared: 20_000_000 }], /unpacked it would take 19\.1 MB/],
    [
      'lies: too small',
      [{ ...other, bytes: Buffer.alloc(9_000_000), declared: 100 }, scene],
      /says wrong things/,
    ],
    ['lies: too large', [scene, { ...other, declared: 4000 }], /says wrong things/],
    ['checksum', [scene, { ...other, crc: 1 }], /checksum/],
    ['no name', [scene, { ...other, name: '' }], /an entry without a name/],
    ['no name but its folder', [scene, { ...other, name: '.\\' }, { ...other, name: './/' }], /not allowed/],
    ['no blend', [other], /holds no \.blend file/],
    ['main is none', [{ ...other, name: 'scene.blend' }], /"scene\.blend" is not a \.blend file/],
  ];
  for (const [what, entries, sentence] of evil) {
    const opened = await open(zipOf(entries));
    assert.ok(!opened.ok, what);
    assert.match(opened.message, sentence, what);
  }
  const cut = zipOf([scene, other]);
  const broken = await open(cut.subarray(0, cut.length - 30));
  assert.match(broken.ok ? 'ok' : broken.message, /"scene\.zip" cannot be unpacked/);
  const many = Array.from({ length: 10_001 }, (_, i) => ({ name: `${i}.png`, bytes: Buffer.alloc(0) }));
  const crowd = await open(zipOf([scene, ...many]));
  assert.match(crowd.ok ? 'ok' : crowd.message, /holds 10,002 entries, and 10,000 are the most/);

  backend.parts.blobs.freeBytes = async () => 1000;
  const noRoom = await open(zipOf([scene, other]));
  assert.ok(!noRoom.ok && noRoom.code === 'disk-full');
  const uploaded = await backend.parts.db.selectFrom('blobs').select('hash').execute();
  const kept = (await readdir(join(folder, 'blobs'), { recursive: true, withFileTypes: true })).filter((e) =>
    e.isFile(),
  );
  assert.equal(kept.length, uploaded.length, 'only the uploads themselves are still there');
});

test('a submission is laid open; what can be known to fail is refused before a job is made', async (t) => {
  const { backend, upload } = await start(t);
  const submit = (blob: BlobHash, more: object = {}) =>
    prepare(
      backend.parts,
      { kind: 'blender', source: { blob, fileName: 'Shot 7.blend' }, ...more },
      backend.parts.first,
      {},
    );

  const unknown = await submit(hashOf(Buffer.from('never sent')));
  assert.ok(!unknown.ok && unknown.code === 'blob-unknown');
  const scene = await upload(SCENE);
  const frames = await submit(scene, { settings: { frames: '1-10,x' } });
  assert.ok(!frames.ok && frames.code === 'bad-frames' && frames.message.includes('"x" at character 6'));
  const invalid = await submit(scene, { settings: { percentage: 0 } });
  assert.match(invalid.ok ? 'ok' : invalid.message, /settings\.percentage/);

  const prepared = await submit(scene, { settings: { frames: '1-3' } });
  assert.ok(prepared.ok);
  const spec = BlenderSpec.parse(prepared.spec);
  assert.deepEqual([prepared.name, spec.main, prepared.blobs], ['Shot 7', 'Shot 7.blend', [scene]]);

  const newer = await upload(NEWER);
  assert.ok((await submit(newer)).ok, 'no worker is there yet: the job waits for one');
  await connectWorker(backend, '3.4.1');
  const tooNew = await submit(newer);
  assert.ok(!tooNew.ok && tooNew.code === 'blender-too-old');
  assert.match(tooNew.message, /saved by Blender 5\.0, but the newest Blender on your workers is 3\.4\.1/);
  assert.ok((await submit(scene)).ok);
});

async function connectWorker({ parts }: TestBackend, version: string): Promise<void> {
  await parts.db
    .insertInto('workers')
    .values({
      id: newId('wrk', (count) => randomBytes(count)),
      identity_hash: 'x',
      team_id: parts.first.team,
      person_id: parts.first.person,
      name: 'one',
      status: 'online',
      slots: 1,
      capabilities_json: JSON.stringify({ kinds: ['blender'], 'blender.version': version }),
      machine_json: JSON.stringify({ os: 'linux', cpus: 2, memoryBytes: 1 }),
      first_seen_at: 1,
      last_seen_at: 1,
    })
    .execute();
}

async function start(t: { after(end: () => Promise<void>): void }, given: { maxUploadBytes?: number } = {}) {
  const folder = await temporaryFolder();
  const backend = await startTestBackend({ dataFolder: folder.path, ...given });
  t.after(async () => {
    await backend.stop();
    await folder.remove();
  });
  const upload = async (bytes: Buffer): Promise<BlobHash> => {
    const written = await backend.parts.blobs.write(Readable.from([bytes]), { maxBytes: 1e9 });
    assert.ok(written.ok);
    const { hash, size } = written;
    await insertBlobs(backend.parts.db, [{ hash, size, media_type: 'a/b', created_at: 1 }]);
    await noteTeamBlob(backend.parts.db, backend.parts.first.team, hash, 1);
    return hash;
  };
  const open = async (bytes: Buffer, fileName = 'scene.zip', main?: string) =>
    openSource(backend.parts, {
      blob: await upload(bytes),
      fileName,
      main: main as RelativePath | undefined,
    });
  return { backend, folder: folder.path, upload, open };
}

/** The smallest file that passes for one of that Blender. */
function blendOf(header: string, endBlock = 24): Buffer {
  return Buffer.concat([Buffer.from(header), Buffer.from('ENDB'), Buffer.alloc(endBlock - 4)]);
}
