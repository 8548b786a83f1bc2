import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { advance } from '@parallel-pilot/client-backend/jobs/advance.ts';
import {
  askedBy,
  PROBE,
  probed,
  renderFrames,
  startTestFarm,
  storeBytes,
} from '@parallel-pilot/client-backend/jobs/test-farm.fixture.ts';
import { runFfmpeg } from '@parallel-pilot/client-backend/kinds/blender/ffmpeg/run-ffmpeg.ts';
import { frameRoutes } from '@parallel-pilot/client-backend/kinds/blender/routes.ts';
import { stitch } from '@parallel-pilot/client-backend/kinds/blender/stitch.ts';
import { makeVideo } from '@parallel-pilot/client-backend/kinds/blender/video.ts';
import { createDecoder } from '@parallel-pilot/images/decode/decoder.ts';
import type { PictureFormat, PictureSize } from '@parallel-pilot/images/picture.ts';
import { compressedZeros, exrHeader, png, pngChunk } from '@parallel-pilot/images/test-fixtures/pictures.ts';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import { MEDIA_TYPES } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { finishImage } from '@parallel-pilot/worker/kinds/blender/image.ts';
import sharp from 'sharp';

const sandbox = await detectSandbox();
const folder = await mkdtemp(join(tmpdir(), 'pilot-images-'));
const farm = await startTestFarm();
await farm.addWorker();
const app = askedBy(farm.by, frameRoutes(farm.parts));
after(async () => {
  await farm.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What the test's own process, which is agent and backend here, may take at most for one attempt. */
const MOST_GROWTH = 250_000_000;

const small = { width: 64, height: 36 };
const huge = { width: 22_000, height: 22_000 };
const flat = sharp({ create: { ...small, channels: 3, background: 'teal' } });
const noise = sharp({
  create: { ...small, channels: 3, background: 'red', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
});
const zeros = ({ width, height }: PictureSize) => compressedZeros(height * (width * 3 + 1));
const svg = (size: PictureSize, body = '') =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${size.width}" height="${size.height}">${body}</svg>`,
  );
const most = 2 ** 31 - 1;

/** Says that it is of a size, and is cut right behind that. */
const jpegHeader = ({ width, height }: PictureSize): Buffer => {
  const head = Buffer.from('ffd8ffc00011080000000003012200021101031101', 'hex');
  head.writeUInt16BE(height, 7);
  head.writeUInt16BE(width, 9);
  return Buffer.concat([head, Buffer.from('ffd9', 'hex')]);
};

const jpeg = await noise.jpeg().toBuffer();
const wholePng = await noise.png().toBuffer();
const wholeTiff = await noise.tiff({ compression: 'lzw' }).toBuffer();

/** A picture as a hostile worker delivers it, or a hostile scene writes it, and what is said of it. */
type Attempt = { name: string; format: PictureFormat; bytes: Buffer; size?: PictureSize; says: RegExp };

const attempts: Attempt[] = [
  {
    name: 'an OpenEXR of a few bytes whose pixels are 2^31-1 high',
    format: 'OPEN_EXR',
    bytes: exrHeader({ dataWindow: [0, 0, 0, most - 1] }),
    says: /1x2147483647 pixels, and 64x36 were expected|cut short/,
  },
  {
    name: 'an OpenEXR without pixels for a job of that many',
    format: 'OPEN_EXR',
    size: { width: 655_360, height: 655_360 },
    bytes: exrHeader({ dataWindow: [0, 0, 655_359, 655_359] }),
    says: /cut short/,
  },
  {
    name: 'an OpenEXR that is small and is shown on 2^31 lines',
    format: 'OPEN_EXR',
    bytes: Buffer.concat([
      exrHeader({ dataWindow: [0, 0, 63, 35], displayWindow: [0, 0, 63, most - 1] }),
      Buffer.alloc(20_000),
    ]),
    says: /of two sizes/,
  },
  {
    name: 'a PNG of 22,000 squared',
    format: 'PNG',
    bytes: png(huge, zeros(huge)),
    says: /22000x22000 pixels/,
  },
  {
    name: 'an interlaced PNG of 22,000 squared',
    format: 'PNG',
    bytes: png(huge, zeros(huge), true),
    says: /22000x22000 pixels/,
  },
  {
    name: 'a PNG of two sizes',
    format: 'PNG',
    bytes: Buffer.concat([
      wholePng.subarray(0, 33),
      pngChunk('IHDR', Buffer.from('000055f0000055f00802000000', 'hex')),
      wholePng.subarray(33),
    ]),
    says: /does not decode/,
  },
  {
    name: 'a JPEG that says it is huge',
    format: 'JPEG',
    bytes: jpegHeader({ width: 65_500, height: 65_500 }),
    says: /65500x65500/,
  },
  {
    name: 'a JPEG of two sizes',
    format: 'JPEG',
    bytes: Buffer.concat([jpeg.subarray(0, 2), jpegHeader(small).subarray(2, -2), jpeg.subarray(2)]),
    says: /does not decode/,
  },
  { name: 'an SVG', format: 'PNG', bytes: svg(small), says: /no format that frames can have/ },
  {
    name: 'an SVG of 30,000 squared',
    format: 'PNG',
    bytes: svg(
      { width: 30_000, height: 30_000 },
      '<filter id="f"><feGaussianBlur stdDeviation="999"/></filter><rect width="30000" height="30000" filter="url(#f)"/>',
    ),
    says: /no format/,
  },
  {
    name: 'a GIF',
    format: 'PNG',
    bytes: await flat.gif().toBuffer(),
    says: /no format that frames can have/,
  },
  {
    name: 'a WebP',
    format: 'PNG',
    bytes: await flat.webp().toBuffer(),
    says: /no format that frames can have/,
  },
  {
    name: 'an AVIF',
    format: 'PNG',
    bytes: await flat.avif().toBuffer(),
    says: /no format that frames can have/,
  },
  { name: 'a TIFF', format: 'PNG', bytes: wholeTiff, says: /of format TIFF and not PNG/ },
  {
    name: 'a playlist',
    format: 'PNG',
    bytes: Buffer.from('#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n'),
    says: /no format/,
  },
  {
    name: 'half of a PNG',
    format: 'PNG',
    bytes: wholePng.subarray(0, wholePng.length >> 1),
    says: /does not decode|cut short/,
  },
  {
    name: 'half of a JPEG',
    format: 'JPEG',
    bytes: jpeg.subarray(0, jpeg.length >> 1),
    says: /does not decode|cut short/,
  },
  {
    name: 'half of a TIFF',
    format: 'TIFF',
    bytes: wholeTiff.subarray(0, wholeTiff.length >> 1),
    says: /does not decode|cut short/,
  },
];

/** Peak resident memory of this process: what an attempt adds to it. */
async function growth(attempt: () => Promise<void>): Promise<number> {
  const before = process.resourceUsage().maxRSS;
  await attempt();
  return (process.resourceUsage().maxRSS - before) * 1_024;
}

type Delivery = Pick<Attempt, 'format' | 'size' | 'bytes'> & { video?: 'mp4' | 'none' };

async function deliver({ format, size = small, bytes, video = 'none' }: Delivery) {
  const job = await farm.addJob({ settings: { format, frames: '1', video, ...resolution(size) } });
  await probed(farm.parts, job);
  // A hostile worker sends the same for what a screen is to show of an OpenEXR.
  const more: Record<string, Buffer> = format === 'OPEN_EXR' ? { display: bytes } : {};
  await renderFrames(farm.parts, job, async () => ({ bytes, ...size, mediaType: MEDIA_TYPES[format], more }));
  return job;
}

const resolution = ({ width, height }: PictureSize) =>
  width > 65_536
    ? { resolutionX: width / 10, resolutionY: height / 10, percentage: 1_000 }
    : { resolutionX: width, resolutionY: height };

for (const attempt of attempts) {
  test(`backend: ${attempt.name} is refused in words and in little memory`, async () => {
    const job = await deliver(attempt);
    const grown = await growth(async () => {
      await advance(farm.parts, job);
      const assembly = await stitch(farm.parts, job, () => {}, AbortSignal.timeout(60_000));
      assert.ok(assembly.outcome === 'redo', JSON.stringify(assembly));
      assert.match(assembly.chunks[0]?.message ?? '', attempt.says);
      for (const what of ['/thumbnail', '?preview=1']) {
        // A browser shows PNG and JPEG as they are, and so what is to be shown of an OpenEXR.
        if (what !== '/thumbnail' && attempt.format !== 'TIFF') continue;
        const shown = await app.request(`/api/v1/jobs/${job}/frames/1${what}`);
        assert.deepEqual([shown.status, (await shown.json()).code], [404, 'frame-unreadable']);
      }
    });
    assert.ok(grown < MOST_GROWTH, `the backend grew by ${grown} bytes`);
  });

  test(`worker: ${attempt.name} is refused in words and in little memory`, async () => {
    const { format, size = small, bytes, says } = attempt;
    const path = join(folder, 'frame');
    await writeFile(path, bytes);
    const decoder =
      format === 'OPEN_EXR' || format === 'OPEN_EXR_MULTILAYER'
        ? null
        : createDecoder({ sandbox, folder, format, ...size });
    const grown = await growth(async () => {
      const held = bytes.length > 1_048_576 ? null : bytes;
      const check = await finishImage({ path, held }, { format, ...size }, decoder).finally(() =>
        decoder?.close(),
      );
      assert.equal(check.ok ? 'fine' : check.code, 'bad-output');
      assert.match(check.ok ? '' : check.message, new RegExp(`${says.source}|damaged`));
    });
    assert.ok(grown < MOST_GROWTH, `the agent grew by ${grown} bytes`);
  });
}

/** An SVG that shows the blob, and lies in the store beside it, where librsvg lets a link lead. */
function svgBeside(hash: string): Buffer {
  for (let number = 0; ; number += 1) {
    const link = `<image xlink:href="${hash.slice(2)}" width="64" height="36"/>`;
    const bytes = svg(small, `<!-- ${number} -->${link}`);
    if (createHash('sha256').update(bytes).digest('hex').startsWith(hash.slice(0, 2))) return bytes;
  }
}

test('an SVG for a frame reads no other blob into its thumbnail', async () => {
  const secret = await storeBytes(farm.parts, wholePng, 'image/png');
  const bytes = svgBeside(secret.hash);
  const job = await deliver({ format: 'PNG', bytes });
  const shown = await app.request(`/api/v1/jobs/${job}/frames/1/thumbnail`);
  assert.equal(shown.status, 404);
  // A decoder that was handed it by a fault of the check has no loader for it either.
  const decoder = createDecoder({ sandbox, folder, format: 'PNG', ...small });
  const path = farm.parts.blobs.localPath((await storeBytes(farm.parts, bytes, 'image/png')).hash);
  const derived = await decoder.derive(path, 'thumbnail', join(folder, 'thumbnail'));
  await decoder.close();
  assert.match(derived.ok ? '' : derived.message, /unsupported image format/);
});

test('pixels of the size that the job says are decoded outside, and over the limit of memory not at all', async () => {
  const size = { width: 12_000, height: 12_000 };
  const path = join(folder, 'interlaced.png');
  await writeFile(path, png(size, zeros(size), true));
  const limits = { memoryBytes: 200_000_000 };
  const decoder = createDecoder({ sandbox, folder, format: 'PNG', ...size, limits });
  const grown = await growth(async () => {
    const check = await finishImage({ path, held: null }, { format: 'PNG', ...size }, decoder).finally(() =>
      decoder.close(),
    );
    assert.match(
      check.ok ? '' : check.message,
      /needs too much to be decoded\. It needed more than the 200 MB of memory/,
    );
  });
  assert.ok(grown < MOST_GROWTH, `the agent grew by ${grown} bytes`);
});

test('a PNG with a gigabyte of pixels behind its own shows its own, in little memory', async () => {
  const bytes = png(small, compressedZeros(1e9));
  const job = await deliver({ format: 'PNG', bytes, video: 'mp4' });
  const grown = await growth(async () => {
    await advance(farm.parts, job);
    const assembly = await stitch(farm.parts, job, () => {}, AbortSignal.timeout(60_000));
    assert.equal(assembly.outcome, 'complete', JSON.stringify(assembly));
    assert.equal((await app.request(`/api/v1/jobs/${job}/frames/1/thumbnail`)).status, 200);
  });
  assert.ok(grown < MOST_GROWTH, `the backend grew by ${grown} bytes`);
});

test('a file for one frame that is larger than its pixels could be is refused unread', async () => {
  const bytes = Buffer.concat([wholePng, Buffer.alloc(20_000_000)]);
  const job = await deliver({ format: 'PNG', bytes });
  await advance(farm.parts, job);
  const assembly = await stitch(farm.parts, job, () => {}, AbortSignal.timeout(60_000));
  assert.match(
    assembly.outcome === 'redo' ? (assembly.chunks[0]?.message ?? '') : '',
    /more bytes than its pixels/,
  );
});

/** What the backend makes of a job whose first frame came with this sound. */
async function assembleWith(sound: Buffer, video: 'mp4' | 'webm' | 'mov' = 'mp4'): Promise<string> {
  const job = await farm.addJob({ settings: { frames: '1-3', video, ...resolution(small) } });
  const scenes = PROBE.scenes.map((scene) => ({ ...scene, sounds: ['Tone'] }));
  await probed(farm.parts, job, { ...PROBE, scenes });
  await renderFrames(farm.parts, job, async (frame) => ({
    ...{ bytes: wholePng, ...small, mediaType: 'image/png' },
    ...(frame === 1 ? { more: { sound } } : {}),
  }));
  await advance(farm.parts, job);
  const made = await stitch(farm.parts, job, () => {}, AbortSignal.timeout(60_000));
  return made.outcome === 'redo' ? (made.chunks[0]?.message ?? '') : made.outcome;
}

async function flac(name: string, args: string[]): Promise<Buffer> {
  const path = join(folder, `${name}.flac`);
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...args, path]);
  return await readFile(path);
}
const sine = ['-f', 'lavfi', '-i', 'sine=duration=0.2:sample_rate=48000'];

test('a picture that is packed into the sound is decoded by nothing', async () => {
  const cover = join(folder, 'cover.png');
  await writeFile(cover, wholePng);
  const plain = await flac('plain', sine);
  const pictured = await flac('pictured', [
    ...[...sine, '-i', cover, '-map', '0:a', '-map', '1:v'],
    ...['-c:v', 'copy', '-disposition:v', 'attached_pic'],
  ]);
  assert.ok(pictured.includes('image/png'));
  assert.equal(await assembleWith(plain), 'complete');
  assert.match(await assembleWith(pictured), /^The sound does not decode \(.*not on whitelist/);
});

test('a sound that is larger than that of its frames could be is refused unread', async () => {
  const sound = Buffer.concat([await flac('long', sine), Buffer.alloc(4_000_000)]);
  assert.match(await assembleWith(sound), /^The sound has more bytes/);
});

test('ffmpeg that goes on and on is ended, and opens nothing but the frames it was given', async () => {
  const workspace = createWorkspace(sandbox, folder);
  const end = await runFfmpeg({
    program: 'ffmpeg',
    args: ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc', '-f', 'null', '-'],
    sandbox,
    workspace,
    limits: { ...defaultLimits(), wallMs: 1_000 },
    signal: AbortSignal.timeout(60_000),
  }).finally(() => workspace.remove());
  assert.match(end.ok ? '' : end.message, /ran longer than 1 seconds/);

  // Frames that got past the check by a fault of it, say.
  const playlists = [
    '#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n',
    "ffconcat version 1.0\nfile '/etc/passwd'\n",
    svg(small, '<image xlink:href="/etc/passwd"/>').toString(),
  ];
  for (const [index, text] of playlists.entries()) {
    const path = join(folder, `playlist ${index}`);
    await writeFile(path, text);
    const made = await makeVideo({
      frames: [{ hash: 'a'.repeat(64), path }],
      size: small,
      settings: { fps: 24, format: 'PNG', transparent: false, pixelAspect: 1, video: 'mp4' },
      sound: null,
      sandbox,
      folder,
      mostBytes: 1e9,
      signal: AbortSignal.timeout(60_000),
      onFrames: () => {},
      onPid: () => {},
    });
    assert.match(made.ok ? '' : made.message, /ffmpeg could not make the video|frames/);
  }
});
