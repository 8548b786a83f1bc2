import { parseFrames } from '@parallel-pilot/shared/kinds/blender/frames.ts';
import {
  ColorDepth,
  Denoise,
  type Device,
  type Engine,
  type ImageFormat,
  RenderOverrides,
  VideoFormat,
} from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { BlenderSubmission } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import { RelativePath } from '@parallel-pilot/shared/model/path.ts';

/** The options of `pilot render` that say what to render, as typed. */
export type RenderFlags = {
  frames?: string;
  scene?: string;
  camera?: string;
  engine?: string;
  samples?: string;
  resolution?: string;
  percentage?: string;
  format?: string;
  depth?: string;
  video?: string;
  denoise?: string;
  gpu?: boolean;
  cpu?: boolean;
  transparent?: boolean;
  fps?: string;
  simulate?: boolean;
  scripts?: boolean;
  ignoreScriptErrors?: boolean;
  strict?: boolean;
  openNewer?: boolean;
  stopOnFailure?: boolean;
  main?: string;
};

export type RenderRequest = {
  settings: RenderOverrides;
  scripts?: boolean;
  scriptErrors?: BlenderSubmission['scriptErrors'];
  strict?: boolean;
  openNewer?: boolean;
  onFailure?: BlenderSubmission['onFailure'];
  main?: RelativePath;
};
export type ReadFlags = { ok: true; request: RenderRequest } | { ok: false; message: string };

export const ENGINES: Record<string, Engine> = {
  cycles: 'CYCLES',
  eevee: 'BLENDER_EEVEE',
  workbench: 'BLENDER_WORKBENCH',
};
export const FORMATS: Record<string, ImageFormat> = {
  png: 'PNG',
  jpeg: 'JPEG',
  exr: 'OPEN_EXR',
  'exr-layers': 'OPEN_EXR_MULTILAYER',
  tiff: 'TIFF',
};
const FORMAT_ALIASES: Record<string, string> = { jpg: 'jpeg', openexr: 'exr', open_exr: 'exr', tif: 'tiff' };
const DEPTHS: Record<ImageFormat, string[]> = {
  PNG: ['8', '16'],
  JPEG: ['8'],
  OPEN_EXR: ['16', '32'],
  OPEN_EXR_MULTILAYER: ['16', '32'],
  TIFF: ['8', '16'],
};

/** Turns the options into a request, or into a sentence about the first that cannot be. Pure. */
export function readFlags(flags: RenderFlags): ReadFlags {
  try {
    const main = flags.main === undefined ? undefined : RelativePath.safeParse(flags.main);
    if (main?.success === false) {
      refuse(`--main ${flags.main}: write the path of the .blend within the archive, such as shots/a.blend.`);
    }
    const request: RenderRequest = {
      settings: RenderOverrides.parse(settingsOf(flags)),
      ...(flags.scripts === undefined ? {} : { scripts: flags.scripts }),
      ...(flags.ignoreScriptErrors ? { scriptErrors: 'ignore' } : {}),
      ...(flags.strict ? { strict: true } : {}),
      ...(flags.openNewer ? { openNewer: true } : {}),
      ...(flags.stopOnFailure ? { onFailure: 'stop' } : {}),
      ...(main === undefined ? {} : { main: main.data as RelativePath }),
    };
    return { ok: true, request };
  } catch (error) {
    if (error instanceof FlagError) return { ok: false, message: error.message };
    throw error;
  }
}

class FlagError extends Error {}
function refuse(message: string): never {
  throw new FlagError(message);
}

function settingsOf(flags: RenderFlags): Record<string, unknown> {
  const format = flags.format === undefined ? undefined : formatOf(flags.format);
  return withoutUndefined({
    frames: flags.frames === undefined ? undefined : framesOf(flags.frames),
    scene: flags.scene,
    camera: flags.camera,
    engine: flags.engine === undefined ? undefined : oneOf('--engine', flags.engine, ENGINES),
    samples: whole('--samples', flags.samples, 1, 1_000_000),
    ...resolutionOf(flags.resolution),
    percentage: whole('--percentage', flags.percentage?.replace(/%$/, ''), 1, 1_000),
    format,
    colorDepth: depthOf(flags.depth, format),
    video: flags.video === undefined ? undefined : choice('--video', flags.video, VideoFormat.options),
    denoise: flags.denoise === undefined ? undefined : choice('--denoise', flags.denoise, Denoise.options),
    device: deviceOf(flags),
    transparent: flags.transparent,
    fps: fpsOf(flags.fps),
    simulate: flags.simulate,
  });
}

function deviceOf({ gpu, cpu }: RenderFlags): Device | undefined {
  if (gpu && cpu) refuse('--gpu --cpu: choose one of the two.');
  if (gpu) return 'gpu';
  return cpu ? 'cpu' : undefined;
}

function framesOf(text: string): string {
  const parsed = parseFrames(text);
  return parsed.ok ? text : refuse(`--frames: ${parsed.message}`);
}

function formatOf(text: string): ImageFormat {
  const name = text.toLowerCase();
  return oneOf('--format', FORMAT_ALIASES[name] ?? name, FORMATS, text);
}

function depthOf(text: string | undefined, format: ImageFormat | undefined): string | undefined {
  if (text === undefined) return undefined;
  const depth = choice('--depth', text, ColorDepth.options);
  const known = format === undefined ? undefined : DEPTHS[format];
  if (known !== undefined && !known.includes(depth)) {
    refuse(`--depth ${text}: images of this format have ${known.join(' or ')} bits per channel.`);
  }
  return depth;
}

function resolutionOf(text: string | undefined): { resolutionX?: number; resolutionY?: number } {
  if (text === undefined) return {};
  const match = /^\s*(\d+)\s*[x×,]\s*(\d+)\s*$/i.exec(text);
  const [x, y] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || x < 4 || y < 4 || x > 65_536 || y > 65_536) {
    refuse(`--resolution ${text}: write width x height in pixels from 4 to 65536, for instance 1920x1080.`);
  }
  return { resolutionX: x, resolutionY: y };
}

function fpsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)(?:\/(\d+(?:\.\d+)?))?$/.exec(text.trim());
  const fps = Number(match?.[1]) / Number(match?.[2] ?? 1);
  return fps > 0 && fps <= 1_000
    ? fps
    : refuse(`--fps ${text}: write frames per second up to 1000, for instance 24, 23.976 or 24000/1001.`);
}

function whole(flag: string, text: string | undefined, from: number, to: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
  return value >= from && value <= to
    ? value
    : refuse(`${flag} ${text}: write a whole number from ${from} to ${to.toLocaleString('en')}.`);
}

function oneOf<T>(flag: string, text: string, values: Record<string, T>, typed = text): T {
  const value = values[text.toLowerCase()];
  return value ?? refuse(`${flag} ${typed}: choose one of ${Object.keys(values).join(', ')}.`);
}

function choice(flag: string, text: string, values: readonly string[]): string {
  const value = text.toLowerCase();
  return values.includes(value) ? value : refuse(`${flag} ${text}: choose one of ${values.join(', ')}.`);
}

const withoutUndefined = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
