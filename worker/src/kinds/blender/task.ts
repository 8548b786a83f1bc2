import { access } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ProbeStageSpec,
  RenderChunkSpec,
  RenderStageSpec,
} from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import type { BlenderFailure } from '@parallel-pilot/shared/kinds/blender/failures.ts';
import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { z } from 'zod';
import type { RunnableChunk } from '../kind.ts';
import { blendVersion } from './header.ts';

/**
 * The file to open: `main` is its path within the folder `inputs`; `key` is
 * equal for tasks that one open Blender can serve. A Blender that ran one
 * file's scripts never opens another's: the key holds the affinity and the
 * folder, which both name the files.
 */
export type SceneFile = { key: string; inputs: string; main: string; savedBy: string } & Opening;
export type Opening = Omit<ProbeStageSpec, 'main'>;
export type ProbeTask = SceneFile & { kind: 'probe' };
/** `sound`: the sound of all frames is made beside this one. */
export type RenderTask = SceneFile & {
  kind: 'render';
  frame: number;
  sound: boolean;
  settings: RenderSettings;
};
export type Task = ProbeTask | RenderTask;
export type TaskRefusal = { code: BlenderFailure; message: string };

/**
 * Makes a chunk's two specs one task, and looks at the first bytes of its .blend, unless that is `last`'s, the one of
 * the chunk before.
 */
export async function parseTask(
  chunk: RunnableChunk,
  last: SceneFile | null = null,
): Promise<Task | TaskRefusal> {
  const render = chunk.stage === 'probe' ? null : RenderStageSpec.safeParse(chunk.stageSpec);
  const stage = render ?? ProbeStageSpec.safeParse(chunk.stageSpec);
  if (!stage.success) return unreadable(`stage "${chunk.stage}"`, stage.error);
  const { main, scripts, scriptErrors, openNewer } = stage.data;
  const path = join(chunk.inputs, main);
  const key = JSON.stringify([chunk.affinity, path, scripts]);
  const savedBy = last?.key === key ? last.savedBy : await savedByOf(path, main);
  if (typeof savedBy !== 'string') return savedBy;
  const opening: Opening = { scripts, scriptErrors, openNewer };
  const file: SceneFile = { key, inputs: chunk.inputs, main, savedBy, ...opening };
  if (!render?.success) return { kind: 'probe', ...file };
  const frame = RenderChunkSpec.safeParse(chunk.chunkSpec);
  if (!frame.success) return unreadable('chunk', frame.error);
  const { sound = false } = frame.data;
  return { kind: 'render', ...file, frame: frame.data.frame, sound, settings: render.data.settings };
}

async function savedByOf(path: string, main: string): Promise<string | TaskRefusal> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (!there)
    return { code: 'input-missing', message: `The file "${main}" of the job is not on this worker.` };
  return (
    (await blendVersion(path)) ?? {
      code: 'not-a-blend',
      message: `"${main}" is not a .blend file: it does not start like one.`,
    }
  );
}

function unreadable(what: string, error: z.ZodError): TaskRefusal {
  return {
    code: 'unexpected',
    message: `The worker does not understand this ${what}: ${z.prettifyError(error)}`,
  };
}
