import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { execa } from 'execa';
import type { Opening } from '../src/kinds/blender/task.ts';
import type { ChunkProgress, RunnableChunk, Runner, RunOutcome } from '../src/kinds/kind.ts';

/** `folder` holds the scenes; `scratch` is for whatever a test makes beside them. */
export type Scenes = { folder: string; scratch: string; remove(): Promise<void> };

/** Lets Blender make the test scenes of a script beside this file in a temporary folder; `remove` deletes it. */
export async function makeScenes(script = 'make-scenes.py'): Promise<Scenes> {
  const root = await mkdtemp(join(tmpdir(), 'pilot-scenes-'));
  const [folder, scratch] = [join(root, 'scenes'), join(root, 'scratch')];
  for (const path of [folder, scratch]) await mkdir(path);
  const args = [
    '-b',
    '--factory-startup',
    '-noaudio',
    '--python-exit-code',
    '1',
    '--python',
    fileURLToPath(new URL(script, import.meta.url)),
    '--',
    folder,
  ];
  await execa('blender', args, { timeout: 60_000 });
  return { folder, scratch, remove: async () => await rm(root, { recursive: true, force: true }) };
}

export const SETTINGS: RenderSettings = {
  scene: 'Scene',
  camera: 'Camera',
  frames: '1-20',
  resolutionX: 64,
  resolutionY: 36,
  percentage: 100,
  pixelAspect: 1,
  views: [],
  sound: false,
  engine: 'CYCLES',
  samples: 2,
  format: 'PNG',
  colorDepth: '8',
  transparent: false,
  fps: 24,
  video: 'none',
  denoise: false,
  simulate: false,
  device: 'auto',
};

export type Run = { outcome: RunOutcome; outputs: string; progress: ChunkProgress[] };
export type RunOptions = Partial<RunnableChunk> & Partial<Opening> & { signal?: AbortSignal };

/** Calls a runner as the agent does, each time with an output folder of its own, where all of its files are then. */
export function farm(runner: Runner, { folder, scratch }: Pick<Scenes, 'folder' | 'scratch'>) {
  const run = async (chunk: Omit<RunnableChunk, 'outputs'>, signal?: AbortSignal): Promise<Run> => {
    const outputs = await mkdtemp(join(scratch, 'out-'));
    const progress: ChunkProgress[] = [];
    const never = new AbortController().signal;
    const outcome = await runner.run({ ...chunk, outputs }, (p) => progress.push(p), signal ?? never);
    for (const { path, bytes } of outcome.ok ? outcome.files : []) {
      if (bytes !== undefined) await writeFile(path, bytes);
    }
    return { outcome, outputs, progress };
  };
  const opening = ({ scripts = false, scriptErrors = 'fail', openNewer = false }: RunOptions): Opening => ({
    scripts,
    scriptErrors,
    openNewer,
  });
  const common = (main: string, options: RunOptions) => {
    const { scripts = false, scriptErrors: _, openNewer: __, signal: ___, ...rest } = options;
    return {
      inputs: folder,
      affinity: `${main} ${scripts}`,
      hangLimitMs: 20_000,
      ...rest,
    };
  };
  return {
    probe: async (main: string, options: RunOptions = {}): Promise<Run> => {
      const stageSpec = { main, ...opening(options) };
      return await run(
        { stage: 'probe', stageSpec, chunkSpec: {}, ...common(main, options) },
        options.signal,
      );
    },
    render: async (
      main: string,
      frame: number,
      settings: Partial<RenderSettings> = {},
      options: RunOptions = {},
    ): Promise<Run> => {
      const all = { ...SETTINGS, ...settings };
      const stageSpec = { main, ...opening(options), settings: all };
      const { sound } = all;
      return await run(
        {
          stage: 'render',
          stageSpec,
          chunkSpec: { frame, ...(sound ? { sound } : {}) },
          ...common(main, options),
        },
        options.signal,
      );
    },
  };
}
