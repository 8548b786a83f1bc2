import type { Capabilities, Requirement } from '../../model/requirement.ts';
import { compareVersions, unmet } from '../../model/requirement.ts';
import type { Note } from '../kind.ts';
import { engineName } from './engine-name.ts';
import { parseFrames } from './frames.ts';
import type { BlenderProbe, ProbedScene } from './probe.ts';
import {
  type ColorDepth,
  type Device,
  Engine,
  ImageFormat,
  type RenderOverrides,
  RenderSettings,
} from './settings.ts';

export type Resolved =
  | { ok: true; settings: RenderSettings; requirements: Requirement[]; notes: Note[] }
  | { ok: false; code: string; message: string };

/**
 * Lays what the user chose over what the file says and decides everything that
 * is left open. Pure; refusals are sentences for the user.
 */
export function resolveSettings(
  probe: BlenderProbe,
  given: RenderOverrides,
  fleet: Capabilities[],
): Resolved {
  const wanted = given.scene ?? probe.activeScene;
  const scene = probe.scenes.find((candidate) => candidate.name === wanted);
  if (scene === undefined) {
    return refuse(
      'unknown-scene',
      `The file has no scene "${wanted}". It has: ${list(probe.scenes.map((s) => s.name))}.`,
    );
  }
  const camera = chooseCamera(scene, given.camera ?? null);
  if (!camera.ok) return camera;
  const engine = chooseEngine(scene, given.engine, fleet);
  const frames = given.frames ?? rangeOf(scene);
  const parsed = parseFrames(frames);
  if (!parsed.ok) return refuse('bad-frames', parsed.message);
  const denoise = decideDenoise(scene, engine.engine, given.denoise ?? 'auto', fleet);
  const format = given.format ?? formatOf(scene.format);
  const video = given.video ?? 'mp4';
  const settings: RenderSettings = {
    scene: scene.name,
    camera: camera.camera,
    simulate: given.simulate ?? scene.simulations.length > 0,
    frames,
    resolutionX: given.resolutionX ?? scene.resolutionX,
    resolutionY: given.resolutionY ?? scene.resolutionY,
    percentage: given.percentage ?? scene.percentage,
    pixelAspect: scene.pixelAspect,
    engine: engine.engine,
    samples: given.samples ?? scene.samples ?? 64,
    format,
    colorDepth: depthFor(format, given.colorDepth ?? depthOf(scene)),
    transparent: given.transparent ?? scene.transparent,
    fps: given.fps ?? scene.fps,
    video,
    views: scene.views,
    sound: scene.sounds.length > 0 && video !== 'none' && areConsecutive(parsed.frames),
    denoise: denoise.denoise,
    device: given.device ?? 'auto',
  };
  const unusable = RenderSettings.safeParse(settings).error?.issues[0];
  if (unusable !== undefined) {
    const field = unusable.path.join('.');
    const value = settings[field as keyof RenderSettings];
    return refuse(
      'bad-settings',
      `The scene's ${field} is ${value}, which the farm does not render. Choose another value.`,
    );
  }
  const requirements: Requirement[] = [
    { key: 'blender.engines', op: 'includes', value: settings.engine },
    ...(settings.denoise ? [{ key: 'blender.denoiser', op: 'equals' as const, value: true }] : []),
    ...gpuRequirement(settings.device),
  ];
  return {
    ok: true,
    settings,
    requirements,
    notes: [...engine.notes, ...denoise.notes, ...notesOfDevice(settings)],
  };
}

const notesOfDevice = ({ device, engine }: RenderSettings): Note[] =>
  device !== 'cpu' || engine === 'CYCLES'
    ? []
    : [
        {
          level: 'warning',
          code: 'device-not-followed',
          message: `Only Cycles can be told to compute on the processor: ${engineName(engine)} draws as the worker's OpenGL does.`,
        },
      ];

export const gpuRequirement = (device: Device | undefined): Requirement[] =>
  device === 'gpu' ? [{ key: 'blender.gpu', op: 'equals', value: true }] : [];

/** What a worker lacks that does not meet it: "Blender 5.0 or newer". */
export function needInWords({ key, value }: Requirement): string | null {
  switch (key) {
    case 'kinds':
      return 'Blender';
    case 'blender.version':
      return `Blender ${value} or newer`;
    case 'blender.engines':
      return `a Blender that renders with ${engineName(String(value))}`;
    case 'blender.denoiser':
      return 'a Blender with a denoiser';
    case 'blender.gpu':
      return 'a graphics card that Blender can compute on';
    default:
      return null;
  }
}

/** Why none of these workers can run such a stage, null where one can or none is connected yet. */
export function fleetProblem(
  fleet: Capabilities[],
  requirements: Requirement[],
): { code: string; message: string } | null {
  if (fleet.length === 0 || fleet.some((worker) => unmet(worker, requirements).length === 0)) return null;
  const lacking = requirements.find((need) => fleet.every((worker) => unmet(worker, [need]).length > 0));
  if (lacking?.key === 'blender.version') return tooOld(fleet, String(lacking.value));
  if (lacking?.key === 'blender.engines') return noEngine(String(lacking.value));
  if (lacking?.key === 'blender.denoiser') {
    return {
      code: 'denoiser-unavailable',
      message:
        'Denoising is switched on, but the Blender on every connected worker was built without a denoiser (OpenImageDenoise). Set denoising to "auto" or "off", or connect a worker with an official Blender build.',
    };
  }
  return {
    code: 'no-capable-worker',
    message: 'No connected worker can do this job. The Workers page shows what each can do.',
  };
}

function tooOld(fleet: Capabilities[], fileVersion: string) {
  const versions = fleet.flatMap((worker) => {
    const version = worker['blender.version'];
    return typeof version === 'string' ? [version] : [];
  });
  const newest = versions.sort(compareVersions).at(-1);
  const have =
    newest === undefined
      ? 'no connected worker has Blender'
      : `the newest Blender on your workers is ${newest}`;
  return {
    code: 'blender-too-old',
    message: `This file was saved by Blender ${fileVersion}, but ${have}. Update Blender on a worker, save the file for an older version, or insist that it is opened all the same (--open-newer).`,
  };
}

const noEngine = (engine: string) => ({
  code: 'engine-unavailable',
  message: engine.startsWith('BLENDER_')
    ? `No connected worker can render with ${engineName(engine)}: it needs OpenGL without a screen (on Debian or Ubuntu: apt install libegl1 libgl1-mesa-dri). Install it on a worker, or choose Cycles.`
    : `No connected worker can render with ${engineName(engine)}.`,
});

function chooseCamera(scene: ProbedScene, wanted: string | null) {
  if (wanted !== null && !scene.cameras.includes(wanted)) {
    const has = scene.cameras.length === 0 ? 'It has none.' : `It has: ${list(scene.cameras)}.`;
    return refuse('unknown-camera', `The scene "${scene.name}" has no camera "${wanted}". ${has}`);
  }
  // Null: as the scene says, with the cameras that its markers switch to.
  const camera = wanted ?? (scene.camera === null && !scene.sequencer ? scene.cameras[0] : null);
  return camera === undefined
    ? refuse(
        'no-camera',
        `The scene "${scene.name}" has no camera. Add one in Blender and send the file again, or choose another scene.`,
      )
    : { ok: true as const, camera };
}

/** EEVEE has two names and one meaning to users; the one that the workers know is taken. */
type Choice = { ok: true; engine: Engine; notes: Note[] };

function chooseEngine(scene: ProbedScene, wanted: Engine | undefined, fleet: Capabilities[]): Choice {
  const known = Engine.safeParse(wanted ?? scene.engine);
  if (!known.success) {
    // Files of Blender 2.7x may name the removed "Blender Internal", which newer versions open as EEVEE.
    return fallbackEngine(scene.engine, fleet);
  }
  return { ok: true, engine: eeveeOf(known.data, fleet), notes: [] };
}

function fallbackEngine(name: string, fleet: Capabilities[]): Choice {
  const engine = eeveeOf('BLENDER_EEVEE', fleet);
  const notes: Note[] = [
    {
      level: 'warning',
      code: 'engine-replaced',
      message: `The file asks for the engine "${name}", which the farm does not know. It is rendered with EEVEE instead.`,
    },
  ];
  return { ok: true, engine, notes };
}

function eeveeOf(engine: Engine, fleet: Capabilities[]): Engine {
  if (engine !== 'BLENDER_EEVEE' && engine !== 'BLENDER_EEVEE_NEXT') return engine;
  const has = (name: string) =>
    fleet.some((w) => Array.isArray(w['blender.engines']) && w['blender.engines'].includes(name));
  const other: Engine = engine === 'BLENDER_EEVEE' ? 'BLENDER_EEVEE_NEXT' : 'BLENDER_EEVEE';
  return !has(engine) && has(other) ? other : engine;
}

function decideDenoise(
  scene: ProbedScene,
  engine: Engine,
  choice: 'auto' | 'on' | 'off',
  fleet: Capabilities[],
) {
  const none: Note[] = [];
  if (engine !== 'CYCLES' || choice === 'off') return { denoise: false, notes: none };
  if (choice === 'on') return { denoise: true, notes: none };
  if (!scene.denoise) return { denoise: false, notes: none };
  if (fleet.some((worker) => worker['blender.denoiser'] === true)) return { denoise: true, notes: none };
  const message =
    'The scene asks for denoising, but no connected worker can denoise (its Blender was built without OpenImageDenoise). All frames are rendered without it.';
  return { denoise: false, notes: [{ level: 'warning' as const, code: 'denoise-off', message }] };
}

const FLOATS = ['16', '32'] as const;

function depthFor(format: ImageFormat, wanted: ColorDepth | null): ColorDepth {
  const allowed = {
    PNG: ['8', '16'],
    JPEG: ['8'],
    TIFF: ['8', '16'],
    OPEN_EXR: FLOATS,
    OPEN_EXR_MULTILAYER: FLOATS,
  } as const;
  const depths: readonly ColorDepth[] = allowed[format];
  return wanted !== null && depths.includes(wanted) ? wanted : (depths[0] ?? '8');
}

/** The nearest format that loses nothing; a movie's frames are PNG. */
const formatOf = (name: string): ImageFormat =>
  name === 'HDR' ? 'OPEN_EXR' : (ImageFormat.safeParse(name).data ?? 'PNG');

/** What Blender calls the depth of these does not say what they hold: floats, and 10 or 12 bits. */
const depthOf = ({ format, colorDepth }: ProbedScene): ColorDepth | null =>
  EXACT_DEPTHS[format] ?? colorDepth;
const EXACT_DEPTHS: Record<string, ColorDepth> = { HDR: '32', DPX: '16', CINEON: '16' };

/** Sound has no gaps to match those between frames. */
const areConsecutive = (frames: readonly number[]): boolean =>
  frames.every((frame, index) => index === 0 || frame === (frames[index - 1] ?? 0) + 1);

const rangeOf = (scene: ProbedScene): string =>
  `${scene.frameStart}-${scene.frameEnd}${scene.frameStep > 1 ? `x${scene.frameStep}` : ''}`;

const list = (names: string[]): string => names.map((name) => `"${name}"`).join(', ');
const refuse = (code: string, message: string): Extract<Resolved, { ok: false }> => ({
  ok: false,
  code,
  message,
});
