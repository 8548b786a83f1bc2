import { open } from 'node:fs/promises';
import { exrColorLayer } from '@parallel-pilot/images/header/exr.ts';
import { readFile } from '@parallel-pilot/images/header/reading.ts';
import { damaged, type PictureCheck, type PictureSize } from '@parallel-pilot/images/picture.ts';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import { type FfmpegEnd, frameLimits, readingFrames, runFfmpeg } from './run-ffmpeg.ts';

/** libvips as it comes with sharp knows no OpenEXR; ffmpeg does. */
export type ExrTools = {
  sandbox: Sandbox;
  /** Where each child gets a workspace of its own. */
  folder: string;
  size: PictureSize;
  signal: AbortSignal;
  /** The files have layers, of which one is decoded. */
  layers: boolean;
};

/**
 * Decodes OpenEXR images whose layout was found whole, many by one process
 * since starting one takes longer than decoding a small frame. Where something
 * is wrong, the halves are looked at, until it is known with which image.
 */
export async function decodeExrs(tools: ExrTools, paths: readonly string[]): Promise<PictureCheck[]> {
  if (!tools.layers) return await decodeHalves(tools, '', paths);
  const checked = new Map<string, PictureCheck>();
  for (const [layer, files] of Map.groupBy(await layersOf(paths), (one) => one.layer)) {
    const same = files.map(({ path }) => path);
    // Passes without any colours are more than ffmpeg can decode: their structure was looked at.
    const each =
      layer === null ? same.map((): PictureCheck => ({ ok: true })) : await decodeHalves(tools, layer, same);
    for (const [index, path] of same.entries()) checked.set(path, each[index] ?? damaged('was not decoded'));
  }
  return paths.map((path) => checked.get(path) ?? damaged('was not decoded'));
}

const layersOf = (paths: readonly string[]) =>
  Promise.all(
    paths.map(async (path) => {
      const file = await open(path);
      try {
        return { path, layer: await readFile(file, exrColorLayer((await file.stat()).size)) };
      } finally {
        await file.close();
      }
    }),
  );

async function decodeHalves(
  tools: ExrTools,
  layer: string,
  paths: readonly string[],
): Promise<PictureCheck[]> {
  const wrong = await decodeAll(tools, layer, paths);
  if (wrong === null) return paths.map(() => ({ ok: true }));
  if (paths.length === 1) return [wrong];
  const middle = paths.length >> 1;
  return [
    ...(await decodeHalves(tools, layer, paths.slice(0, middle))),
    ...(await decodeHalves(tools, layer, paths.slice(middle))),
  ];
}

/** What is wrong with some of them, null where all decode and have the size. */
async function decodeAll(
  tools: ExrTools,
  layer: string,
  paths: readonly string[],
): Promise<(PictureCheck & { ok: false }) | null> {
  const { width, height } = tools.size;
  const end = await inWorkspace(tools, paths, (workspace) =>
    runFfmpeg({
      ...tools,
      workspace,
      program: 'ffprobe',
      args: [
        ...readingFrames('image2', tools.size),
        ...(layer === '' ? [] : ['-layer', layer]),
        ...['-threads', '1', '-start_number', '1', '-i', '../in/%06d.exr'],
        ...['-show_entries', 'frame=width,height', '-of', 'csv=p=0'],
      ],
      limits: limitsOf(tools.size, paths.length),
    }),
  );
  // Without the program nothing was learned about the frames.
  if (!end.ok && end.cause === 'missing') throw new Error(`ffprobe cannot be started: ${end.message}`);
  const said = end.ok ? end.stderr : end.message;
  const sizes = end.ok ? end.stdout.split('\n').filter(Boolean) : [];
  const decoded = end.ok && said === '' && sizes.length === paths.length;
  if (!decoded) return damaged(`does not decode (${firstLine(said)})`);
  const other = sizes.find((line) => line.replace(/,$/, '') !== `${width},${height}`);
  return other === undefined ? null : damaged(`decodes to ${other} pixels and not to ${width},${height}`);
}

async function inWorkspace<T extends FfmpegEnd>(
  { sandbox, folder }: ExrTools,
  paths: readonly string[],
  task: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const workspace = createWorkspace(sandbox, folder);
  try {
    for (const [index, path] of paths.entries()) {
      await workspace.give(path, `${String(index + 1).padStart(6, '0')}.exr`);
    }
    return await task(workspace);
  } finally {
    await workspace.remove();
  }
}

const limitsOf = (size: PictureSize, count: number): Limits => {
  const pixels = size.width * size.height;
  return frameLimits(size, {
    frames: 8,
    diskBytes: 16 * 1024 ** 2 + pixels * 16,
    wallMs: 30_000 + count * (1_000 + pixels / 500),
  });
};

const firstLine = (text: string): string =>
  text
    .trim()
    .split('\n')[0]
    ?.replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 200) ?? '';
