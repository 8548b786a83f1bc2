import { z } from 'zod';
import { strictObject } from '../../model/strict-object.ts';
import { MOST_VIEWS } from './limits.ts';

/** Render engines by Blender's own names; EEVEE_NEXT is the 4.2+ name of EEVEE. */
export const Engine = z.enum(['CYCLES', 'BLENDER_EEVEE', 'BLENDER_EEVEE_NEXT', 'BLENDER_WORKBENCH']);
export type Engine = z.infer<typeof Engine>;

export const ImageFormat = z.enum(['PNG', 'JPEG', 'OPEN_EXR', 'OPEN_EXR_MULTILAYER', 'TIFF']);
export type ImageFormat = z.infer<typeof ImageFormat>;

/** Bits per channel. JPEG knows 8; PNG and TIFF 8 and 16; OpenEXR 16 and 32. */
export const ColorDepth = z.enum(['8', '16', '32']);
export type ColorDepth = z.infer<typeof ColorDepth>;

export const VideoFormat = z.enum(['mp4', 'webm', 'mov', 'none']);
export type VideoFormat = z.infer<typeof VideoFormat>;

/** `auto` follows the scene where some worker can denoise, and says so on the job where none can. */
export const Denoise = z.enum(['auto', 'on', 'off']);
export type Denoise = z.infer<typeof Denoise>;

/** What Cycles computes on. `auto` is as the scene says; `gpu` asks for workers that have one, and never falls back. */
export const Device = z.enum(['auto', 'gpu', 'cpu']);
export type Device = z.infer<typeof Device>;

/**
 * What a user may choose about a render. Every field may be left out: the
 * file's own value is then used. `frames` is frame syntax (`1-10,20,30-40x2`);
 * resolution is in pixels before `percentage` is applied.
 */
export const RenderOverrides = strictObject({
  scene: z.string().min(1).max(256).optional(),
  /** Named, it is the camera of all frames; null or left out, the scene's own or those that its markers switch to. */
  camera: z.string().min(1).max(256).nullable().optional(),
  frames: z.string().min(1).max(10_000).optional(),
  resolutionX: z.int().min(4).max(65_536).optional(),
  resolutionY: z.int().min(4).max(65_536).optional(),
  percentage: z.int().min(1).max(1_000).optional(),
  engine: Engine.optional(),
  samples: z.int().min(1).max(1_000_000).optional(),
  format: ImageFormat.optional(),
  colorDepth: ColorDepth.optional(),
  transparent: z.boolean().optional(),
  fps: z.number().positive().max(1_000).optional(),
  video: VideoFormat.optional(),
  denoise: Denoise.optional(),
  device: Device.optional(),
  /** Plays the scene from its first frame before a frame is rendered, for simulations that are not baked. */
  simulate: z.boolean().optional(),
});
export type RenderOverrides = z.infer<typeof RenderOverrides>;

/** Everything decided: what the render stage of a job was planned with. */
export const RenderSettings = RenderOverrides.strip()
  .required()
  .extend({
    /** The scene's own. */
    pixelAspect: z.number().positive().default(1),
    /** Names of the views that each frame is rendered in, the first being the one that is shown; none for a plain frame. */
    views: z.array(z.string().min(1).max(64)).max(MOST_VIEWS).default([]),
    /** The video has the scene's sound, which the worker of the first frame mixes. */
    sound: z.boolean().default(false),
    /** False for stages that were planned before it was there. */
    simulate: z.boolean().default(false),
    /** The same. */
    device: Device.default('auto'),
    /** `auto` is settled once for the whole job, so that frames never differ. */
    denoise: z.boolean(),
  });
export type RenderSettings = z.infer<typeof RenderSettings>;
