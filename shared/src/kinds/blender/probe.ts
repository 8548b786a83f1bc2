import { z } from 'zod';
import { MOST_VIEWS } from './limits.ts';
import { ColorDepth } from './settings.ts';

/** `names` says which, where there are several: passes, nodes, views, strips. Sound is named so by older probes only. */
export const LeftOut = z.object({
  what: z.enum(['passes', 'file-output', 'stamp', 'crop', 'sound', 'views']),
  names: z.array(z.string()).max(100),
});
export type LeftOut = z.infer<typeof LeftOut>;

/** One scene of a .blend as Blender reports it. Resolution in pixels before `percentage`; fps already divided by fps_base. */
export const ProbedScene = z.object({
  name: z.string(),
  cameras: z.array(z.string()),
  /** The scene's active camera, null when it has none. */
  camera: z.string().nullable(),
  frameStart: z.int(),
  frameEnd: z.int(),
  frameStep: z.int().min(1),
  fps: z.number().positive(),
  resolutionX: z.int(),
  resolutionY: z.int(),
  percentage: z.int(),
  /** How much wider than high a pixel is shown. */
  pixelAspect: z.number().positive().default(1),
  /** Blender's own name of the engine; may be one that this farm does not know. */
  engine: z.string(),
  /** Samples of that engine; null for an engine without samples. */
  samples: z.int().nullable(),
  /** Blender's `image_settings.file_format`, a movie format included. */
  format: z.string(),
  colorDepth: ColorDepth.nullable(),
  transparent: z.boolean(),
  denoise: z.boolean(),
  /** Its picture is put together by the video sequencer, which may need no camera. */
  sequencer: z.boolean().default(false),
  /** Names of its views where it is rendered in several, as stereo is in "left" and "right". */
  views: z.array(z.string().min(1).max(64)).max(MOST_VIEWS).default([]),
  /** Names of its sound strips and speakers. */
  sounds: z.array(z.string()).max(100).default([]),
  /** What moves by a simulation that is not baked. */
  simulations: z
    .array(z.object({ type: z.string(), object: z.string() }))
    .max(1_000)
    .default([]),
  /** What Blender would make of the scene and the farm does not bring back. */
  left: z.array(LeftOut).max(1_000).default([]),
});
export type ProbedScene = z.infer<typeof ProbedScene>;

/** A file the .blend refers to and that is not there. `path` is as written in the .blend. */
export const MissingFile = z.object({
  type: z.enum(['image', 'library', 'sound', 'movie', 'cache', 'font', 'other']),
  name: z.string(),
  path: z.string(),
});
export type MissingFile = z.infer<typeof MissingFile>;

/** The result of the probe chunk of a Blender job. */
export const BlenderProbe = z.object({
  /** Version of the Blender that looked, "3.4.1". */
  blenderVersion: z.string(),
  /** Version that saved the file, "2.77". */
  fileVersion: z.string(),
  scenes: z.array(ProbedScene).min(1),
  activeScene: z.string(),
  missing: z.array(MissingFile),
  /** Names of text blocks set to run on load; they run only when the owner allows scripts. */
  scripts: z.array(z.string()),
  /** Names of what is driven by Python expressions; without scripts Blender does not evaluate those. */
  drivers: z.array(z.string()).max(1_000).default([]),
});
export type BlenderProbe = z.infer<typeof BlenderProbe>;
