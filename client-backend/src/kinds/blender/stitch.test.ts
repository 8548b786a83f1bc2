import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ProbedScene } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import type { RenderOverrides } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { listArtifacts } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import sharp from 'sharp';
import { until } from '../../../../tests/support/until.ts';
import { advance } from '../../jobs/advance.ts';
import {
  openStage,
  PROBE,
  probed,
  renderFrames,
  startTestFarm,
  stateOfJob,
  type TestFarm,
  type TestPicture,
} from '../../jobs/test-farm.fixture.ts';
import { framesBundle } from './frames-bundle.ts';
import { stitch } from './stitch.ts';

let farm: TestFarm;
let temporary: string;
before(async () => {
  farm = await startTestFarm();
  await farm.addWorker();
  temporary = await mkdtemp(join(tmpdir(), 'pilot-stitch-'));
});
after(async () => {
  await farm.stop();
  await rm(temporary, { recursive: true, force: true });
});

/** One flat colour for each frame, so that a frame can be told by its colour. */
const colorOf = (frame: number) => ({ r: (frame * 40) % 256, g: 200 - frame * 20, b: 60 });

type Picture = TestPicture;
const flat =
  (width: number, height: number, format: 'png' | 'jpeg' | 'tiff' = 'png') =>
  async (frame: number): Promise<Picture> => {
    const image = sharp({ create: { width, height, channels: 3, background: colorOf(frame) } });
    const options = {
      png: { palette: width > 32 },
      jpeg: { quality: 95 },
      tiff: { compression: 'deflate' as const },
    };
    const bytes = await image.toFormat(format, options[format]).toBuffer();
    return { bytes, width, height, mediaType: `image/${format}` };
  };

async function rendered(
  settings: RenderOverrides,
  picture: (frame: number) => Promise<Picture>,
  name = 'cubes',
  scene: Partial<ProbedScene> = {},
) {
  const job = await farm.addJob({ settings, name });
  await probed(farm.parts, job, { ...PROBE, scenes: PROBE.scenes.map((own) => ({ ...own, ...scene })) });
  await renderFrames(farm.parts, job, picture);
  return job;
}

async function completed(job: JobId): Promise<void> {
  const engine = farm.parts.engine;
  await engine.advance(job);
  await until(async () => {
    await engine.sweep();
    const { state } = await stateOfJob(farm.parts, job);
    return state !== 'assembling' && state !== 'running' && state !== 'queued';
  }, 'the job does not come to an end');
  const row = await stateOfJob(farm.parts, job);
  assert.equal(row.state, 'completed', `${row.state_code}: ${row.state_message}`);
}

async function artifact(job: JobId, name: string): Promise<string> {
  const rows = await listArtifacts(farm.parts.db, job);
  const found = rows.find((row) => row.name === name);
  assert.ok(found, `no ${name} among ${rows.map((row) => row.name)}`);
  return farm.parts.blobs.localPath(found.hash);
}

const ffprobe = (file: string) =>
  JSON.parse(
    execFileSync(
      'ffprobe',
      ['-v', 'error', '-count_frames', '-show_streams', '-show_format', '-of', 'json', file],
      {
        encoding: 'utf8',
      },
    ),
  ).streams[0];

/** The middle pixel of every frame of a video, as a player that heeds the tags shows it. */
function colorsIn(file: string, width: number, height: number): number[][] {
  const filters =
    'scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=accurate_rnd+full_chroma_inp,format=rgb24';
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-vf', filters, '-f', 'rawvideo', '-']);
  const size = width * height * 3;
  const middle = (Math.floor(height / 2) * width + Math.floor(width / 2)) * 3;
  return Array.from({ length: raw.length / size }, (_, i) => [
    ...raw.subarray(i * size + middle, i * size + middle + 3),
  ]);
}

function near(got: number[][], frames: number[], tolerance = 4): void {
  const want = frames.map((frame) => Object.values(colorOf(frame)));
  assert.equal(got.length, want.length);
  for (const [i, color] of got.entries()) {
    const off = Math.max(...color.map((value, channel) => Math.abs(value - (want[i]?.[channel] ?? 0))));
    assert.ok(off <= tolerance, `frame ${i} is ${color} instead of ${want[i]}`);
  }
}

test('H.264 in the order asked for, odd sides made even, with the right colours and tags', async () => {
  const job = await rendered(
    { frames: '4,1-3', fps: 24 / Math.fround(1.001), resolutionX: 63, resolutionY: 35 },
    flat(63, 35),
    'Änder: "x"/1',
  );
  await completed(job);
  const file = await artifact(job, 'Änder_ _x_1.mp4');
  const stream = ffprobe(file);
  assert.equal(stream.codec_name, 'h264');
  assert.equal(stream.pix_fmt, 'yuv420p');
  assert.deepEqual([stream.width, stream.height, stream.nb_read_frames], [64, 36, '4']);
  assert.equal(stream.r_frame_rate, '24000/1001');
  assert.equal(stream.sample_aspect_ratio, '2:1');
  const { color_range, color_space, color_transfer, color_primaries } = stream;
  assert.deepEqual(
    [color_range, color_space, color_transfer, color_primaries],
    ['tv', 'bt709', 'bt709', 'bt709'],
  );
  near(colorsIn(file, 64, 36), [4, 1, 2, 3]);
  const head = (await readFile(file)).subarray(0, 4_096);
  assert.ok(head.includes('moov'), 'a browser would have to load it whole before it plays');
  assert.deepEqual(
    await readdir(join(farm.parts.config.dataFolder, 'stitch')),
    [],
    'the frames were left behind',
  );
});

test('VP9 from JPEG, ProRes from TIFF, and no video at all', async () => {
  const webm = await rendered({ format: 'JPEG', video: 'webm' }, flat(64, 36, 'jpeg'));
  await completed(webm);
  const vp9 = ffprobe(await artifact(webm, 'cubes.webm'));
  assert.deepEqual([vp9.codec_name, vp9.color_space, vp9.color_range], ['vp9', 'bt709', 'tv']);
  near(colorsIn(await artifact(webm, 'cubes.webm'), 64, 36), [1, 2, 3, 4], 6);

  const mov = await rendered({ format: 'TIFF', video: 'mov' }, flat(64, 36, 'tiff'));
  await completed(mov);
  const prores = ffprobe(await artifact(mov, 'cubes.mov'));
  assert.deepEqual(
    [prores.codec_name, prores.pix_fmt, prores.color_space],
    ['prores', 'yuv422p10le', 'bt709'],
  );
  near(colorsIn(await artifact(mov, 'cubes.mov'), 64, 36), [1, 2, 3, 4]);

  const none = await rendered({ video: 'none' }, flat(64, 36));
  await completed(none);
  assert.deepEqual(await listArtifacts(farm.parts.db, none), []);
});

test('a transparent film: over black in H.264, kept in VP9 and ProRes', async () => {
  const half = async (): Promise<Picture> => {
    const background = { r: 200, g: 100, b: 50, alpha: 0.5 };
    const bytes = await sharp({ create: { width: 64, height: 36, channels: 4, background } })
      .png()
      .toBuffer();
    return { bytes, width: 64, height: 36, mediaType: 'image/png' };
  };
  const mp4 = await rendered({ transparent: true, frames: '1-2' }, half);
  await completed(mp4);
  const [shown] = colorsIn(await artifact(mp4, 'cubes.mp4'), 64, 36);
  for (const [i, value] of [100, 50, 25].entries()) {
    assert.ok(Math.abs((shown?.[i] ?? 0) - value) <= 5, `${shown} is not half of 200, 100, 50`);
  }
  const webm = await rendered({ transparent: true, frames: '1-2', video: 'webm' }, half);
  await completed(webm);
  assert.equal(ffprobe(await artifact(webm, 'cubes.webm')).tags?.alpha_mode, '1');
  const mov = await rendered({ transparent: true, frames: '1-2', video: 'mov' }, half);
  await completed(mov);
  const stream = ffprobe(await artifact(mov, 'cubes.mov'));
  assert.match(stream.pix_fmt, /^yuva444p/);
  near(
    colorsIn(await artifact(mov, 'cubes.mov'), 64, 36).map((color) =>
      color.map((v, i) => v - ([200, 100, 50][i] ?? 0) + (Object.values(colorOf(1))[i] ?? 0)),
    ),
    [1, 1],
    5,
  );
});

test('frames that are missing, damaged or of another size are made again, and nothing else is', async () => {
  const job = await rendered({ frames: '1-6' }, async (frame) => flat(frame === 5 ? 32 : 64, 36)(frame));
  const stage = await openStage(farm.parts, job);
  const hashes = (await doneChunks(farm.parts.db, stage.id, -1, 10)).map(
    (row) => JSON.parse(row.files_json ?? '[]')[0].hash,
  );
  await farm.parts.blobs.delete(hashes[1]);
  const cut = farm.parts.blobs.localPath(hashes[3]);
  await writeFile(cut, (await readFile(cut)).subarray(0, 100));

  await farm.parts.engine.advance(job);
  await until(
    async () => (await stateOfJob(farm.parts, job)).state === 'running',
    'the bad frames were not noticed',
  );
  const left = await doneChunks(farm.parts.db, stage.id, -1, 10);
  assert.deepEqual(
    left.map((row) => row.ordinal),
    [0, 2, 5],
  );
  const notes = await listNotes(farm.parts.db, job);
  assert.match(
    notes.at(-1)?.message ?? '',
    /3 unusable results, made again: Frame 2: the image is not in the store/,
  );

  await renderFrames(farm.parts, job, flat(64, 36));
  await completed(job);
  near(colorsIn(await artifact(job, 'cubes.mp4'), 64, 36), [1, 2, 3, 4, 5, 6]);
});

test('a PNG that was cut before it was delivered does not get into the video', async () => {
  const job = await rendered({ frames: '1-3' }, async (frame) => {
    const whole = await flat(64, 36)(frame);
    const noise = await sharp({
      create: {
        width: 64,
        height: 36,
        channels: 3,
        background: 'red',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    })
      .png()
      .toBuffer();
    return frame === 2 ? { ...whole, bytes: noise.subarray(0, Math.floor(noise.length * 0.9)) } : whole;
  });
  await advance(farm.parts, job);
  const assembly = await stitch(farm.parts, job, () => {}, new AbortController().signal);
  assert.equal(assembly.outcome, 'redo');
  assert.ok(assembly.outcome === 'redo' && assembly.chunks.length === 1);
  assert.match(assembly.chunks[0]?.message ?? '', /^Frame 2: the image does not decode/);
});

test('the video of OpenEXR frames is made of what a screen shows of them', async () => {
  const exr = await makeExr(temporary, 0.5);
  const shown = async (frame: number) => ({ ...exr, more: { display: (await flat(64, 36)(frame)).bytes } });
  for (const video of ['mp4', 'mov'] as const) {
    const one = await rendered({ format: 'OPEN_EXR', frames: '1-3', video }, shown);
    await completed(one);
    near(colorsIn(await artifact(one, `cubes.${video}`), 64, 36), [1, 2, 3]);
  }
});

test('of OpenEXR frames one cut short is noticed though ffmpeg says nothing, and a bad or missing picture of one', async () => {
  const exr = await makeExr(temporary, 0.5);
  const cut = { ...exr, bytes: exr.bytes.subarray(0, Math.floor(exr.bytes.length * 0.7)) };
  const { bytes } = await flat(64, 36)(1);
  const job = await rendered({ format: 'OPEN_EXR', frames: '1-5' }, async (frame) => {
    if (frame === 1) return exr;
    const display = frame === 2 ? bytes.subarray(0, bytes.length - 20) : bytes;
    return { ...(frame === 4 ? cut : exr), more: { display } };
  });
  await advance(farm.parts, job);
  const run = () => stitch(farm.parts, job, () => {}, new AbortController().signal);
  const missing = await run();
  assert.ok(missing.outcome === 'redo' && missing.chunks.length === 1, JSON.stringify(missing));
  assert.match(missing.chunks[0]?.message ?? '', /^Frame 1 was reported without its file "display"/);
  await farm.parts.engine.advance(job);
  await until(async () => (await stateOfJob(farm.parts, job)).state === 'running', 'it was not noticed');
  await renderFrames(farm.parts, job, async () => ({ ...exr, more: { display: bytes } }));
  await advance(farm.parts, job);
  const bad = await run();
  assert.ok(bad.outcome === 'redo' && bad.chunks.length === 2, JSON.stringify(bad));
  const said = bad.chunks.map(({ message }) => message);
  assert.match(said[0] ?? '', /^Frame 4: the image is cut short/);
  assert.match(said[1] ?? '', /^Frame 2: the image does not decode/);
});

test('views are checked, bundled and handed out beside their frame, and the video shows the first', async () => {
  const scene = { views: ['left', 'right'] };
  const stereo = async (frame: number) => ({
    ...(await flat(64, 36)(frame)),
    more: { 'view-1': (await flat(frame === 3 ? 32 : 64, 36)(frame + 2)).bytes },
  });
  const job = await rendered({ frames: '1-3' }, stereo, 'cubes', scene);
  await advance(farm.parts, job);
  const assembly = await stitch(farm.parts, job, () => {}, new AbortController().signal);
  assert.ok(assembly.outcome === 'redo' && assembly.chunks.length === 1, JSON.stringify(assembly));
  assert.match(assembly.chunks[0]?.message ?? '', /^Frame 3: the image is 32x36/);
  const good = async (frame: number) => ({
    ...(await flat(64, 36)(frame)),
    more: { 'view-1': (await flat(64, 36)(frame + 2)).bytes },
  });
  const whole = await rendered({ frames: '1-2' }, good, 'cubes', scene);
  await completed(whole);
  near(colorsIn(await artifact(whole, 'cubes.mp4'), 64, 36), [1, 2]);
  const row = await findJob(farm.parts.db, whole);
  const bundle = row === undefined ? null : await framesBundle.files(farm.parts, row);
  assert.ok(bundle !== null);
  const names: string[] = [];
  for await (const { name } of bundle.files) names.push(name);
  assert.deepEqual(names, [
    'cubes_0001_left.png',
    'cubes_0001_right.png',
    'cubes_0002_left.png',
    'cubes_0002_right.png',
  ]);
});

test('the video has the sound that came with the first frame, as long as the pictures', async () => {
  const file = join(temporary, 'tone.flac');
  const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=0.6:sample_rate=48000'];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...tone, '-ac', '2', file]);
  const sound = await readFile(file);
  const heard = (bytes: Buffer) => async (frame: number) => ({
    ...(await flat(64, 36)(frame)),
    ...(frame === 1 ? { more: { sound: bytes } } : {}),
  });
  for (const [video, codec] of [
    ['mp4', 'aac'],
    ['webm', 'opus'],
    ['mov', 'pcm_s16le'],
  ] as const) {
    const job = await rendered({ frames: '1-24', video }, heard(sound), 'cubes', { sounds: ['Tone'] });
    await completed(job);
    const args = [
      '-v',
      'error',
      '-show_entries',
      'stream=codec_name,duration:format=duration',
      '-of',
      'json',
    ];
    const path = await artifact(job, `cubes.${video}`);
    const { streams, format } = JSON.parse(execFileSync('ffprobe', [...args, path], { encoding: 'utf8' }));
    assert.equal(streams[1]?.codec_name, codec);
    assert.ok(
      Math.abs(Number(format.duration) - 1) < 0.1,
      `24 frames of 24 a second last ${format.duration} s`,
    );
  }
  const broken = await rendered({ frames: '1-3' }, heard(Buffer.from('no sound')), 'cubes', {
    sounds: ['Tone'],
  });
  await advance(farm.parts, broken);
  const assembly = await stitch(farm.parts, broken, () => {}, new AbortController().signal);
  assert.ok(assembly.outcome === 'redo', JSON.stringify(assembly));
  assert.match(assembly.chunks[0]?.message ?? '', /^The sound does not decode/);
  const silent = await rendered({ frames: '1-3' }, flat(64, 36), 'cubes', { sounds: ['Tone'] });
  await completed(silent);
  assert.match((await listNotes(farm.parts.db, silent)).at(-1)?.message ?? '', /^The video has no sound/);
});

test('putting together stops with its job, and starts from the beginning after a crash', async () => {
  const job = await rendered({ frames: '1-160', resolutionX: 480, resolutionY: 270 }, flat(480, 270));
  assert.equal(await advance(farm.parts, job), 'plan');
  const folder = join(farm.parts.config.dataFolder, 'stitch', job);
  const controller = new AbortController();
  const run = stitch(farm.parts, job, () => {}, controller.signal);
  const pid = Number(
    await until(() => readFile(join(folder, 'ffmpeg.pid'), 'utf8'), 'ffmpeg was not started'),
  );
  controller.abort();
  await assert.rejects(run, /abort/i);
  await until(() => !alive(pid), 'ffmpeg goes on though its job was stopped');
  assert.equal((await stateOfJob(farm.parts, job)).state, 'assembling');
  await completed(job);
  assert.equal(ffprobe(await artifact(job, 'cubes.mp4')).nb_read_frames, '160');
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A flat grey picture as scene-linear OpenEXR, made by ffmpeg from raw floats. */
async function makeExr(folder: string, linear: number): Promise<Picture> {
  const [width, height] = [64, 36];
  const planes = Array<number>(3 * width * height).fill(linear);
  const raw = join(folder, 'planes.raw');
  const file = join(folder, 'frame.exr');
  await writeFile(raw, Buffer.from(new Float32Array(planes).buffer));
  const input = ['-f', 'rawvideo', '-pix_fmt', 'gbrpf32le', '-s', `${width}x${height}`, '-i', raw];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...input, '-frames:v', '1', '-compression', 'zip1', file]);
  return { bytes: await readFile(file), width, height, mediaType: 'image/x-exr' };
}
