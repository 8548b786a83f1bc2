import { z } from 'zod';
import { RelativePath } from '../../model/path.ts';
import { BlenderProbe } from './probe.ts';
import { RenderSettings } from './settings.ts';

/** Stage `probe`: open the file and report what is in it. One chunk, with an empty spec. */
export const ProbeStageSpec = z.object({
  main: RelativePath,
  scripts: z.boolean(),
  scriptErrors: z.enum(['fail', 'ignore']).default('fail'),
  openNewer: z.boolean().default(false),
});
export type ProbeStageSpec = z.infer<typeof ProbeStageSpec>;

/** Stage `render`: one chunk per frame, all with these settings. `main` is the .blend among the stage's inputs. */
export const RenderStageSpec = ProbeStageSpec.extend({
  settings: RenderSettings,
});
export type RenderStageSpec = z.infer<typeof RenderStageSpec>;

export const ProbeChunkSpec = z.object({});
/** `sound`: beside its frame this chunk makes the sound of all of them. */
export const RenderChunkSpec = z.object({ frame: z.int(), sound: z.boolean().optional() });
export type RenderChunkSpec = z.infer<typeof RenderChunkSpec>;

export const ProbeResult = BlenderProbe;

/** What a worker says of a rendered frame, whose files framePictures() names. */
export const FrameResult = z.object({
  frame: z.int(),
  width: z.int().positive(),
  height: z.int().positive(),
  /** Time in Blender alone, milliseconds. */
  renderMs: z.number().nonnegative(),
  /** Why there is no sound though the chunk was to make it, in the words of Blender. */
  soundless: z.string().max(500).optional(),
});
export type FrameResult = z.infer<typeof FrameResult>;

export const MEDIA_TYPES = {
  PNG: 'image/png',
  JPEG: 'image/jpeg',
  OPEN_EXR: 'image/x-exr',
  OPEN_EXR_MULTILAYER: 'image/x-exr',
  TIFF: 'image/tiff',
} as const;
export const EXTENSIONS = {
  PNG: 'png',
  JPEG: 'jpg',
  OPEN_EXR: 'exr',
  OPEN_EXR_MULTILAYER: 'exr',
  TIFF: 'tif',
} as const;
