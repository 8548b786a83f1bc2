import { compareVersions } from '../../model/requirement.ts';
import type { Note } from '../kind.ts';
import type { BlenderProbe, LeftOut, ProbedScene } from './probe.ts';
import type { RenderSettings } from './settings.ts';
import type { BlenderSpec } from './spec.ts';

/** What is to be said of a file before anything of it is rendered. */
export function notesOfFile(probe: BlenderProbe, spec: BlenderSpec): Note[] {
  return [
    ...probe.missing.map((file) =>
      warning(
        'file-missing',
        `The ${file.type} "${file.name}" is missing: ${file.path}. Send the folder or a .zip with the .blend and its files, or pack them into the .blend.`,
      ),
    ),
    ...(spec.openNewer && isNewer(spec, probe)
      ? [
          warning(
            'newer-file',
            `The file was saved by Blender ${spec.fileVersion} and is opened by Blender ${probe.blenderVersion}, as you insisted. What that does not know is left out: look at the first frames.`,
          ),
        ]
      : []),
    ...(spec.scripts === true ? [] : notesOfScripts(probe)),
  ];
}

/** What is to be said of the scene that is rendered. */
export function notesOfScene(probe: BlenderProbe, settings: RenderSettings): Note[] {
  const scene = probe.scenes.find(({ name }) => name === settings.scene);
  if (scene === undefined) return [];
  const moving = scene.simulations.map(({ type, object }) => `${type} on "${object}"`);
  const left = [...scene.left, ...soundLeftOut(scene, settings)]
    // Without a video its sound is not missed.
    .filter(({ what }) => what !== 'sound' || settings.video !== 'none')
    .filter(({ what }) => what !== 'passes' || settings.format !== 'OPEN_EXR_MULTILAYER')
    .map((one) => warning(`left-out-${one.what}`, SENTENCES[one.what](one.names)));
  const views = settings.views.length < 2 ? [] : [notOfOneView(settings)];
  const format = FORMATS[scene.format];
  const converted =
    format === undefined || scene.format === settings.format
      ? []
      : [
          warning(
            'format-replaced',
            `The scene writes ${format}, which the farm does not. Its frames come as ${settings.format} with ${settings.colorDepth} bits per channel.`,
          ),
        ];
  const video = notesOfVideo(settings);
  const rest = [...left, ...views, ...converted, ...video];
  if (moving.length === 0) return rest;
  return [
    warning(
      'not-baked',
      settings.simulate
        ? `The scene has simulations that are not baked (${shortened(moving)}). Every worker plays it from its first frame before it renders, so late frames take long to begin. Faster: bake them to a disk cache, and send that with the file.`
        : `The scene has simulations that are not baked (${shortened(moving)}), and is not played from its first frame: on several workers they jump from frame to frame.`,
    ),
    ...rest,
  ];
}

const soundLeftOut = ({ sounds }: ProbedScene, { sound }: RenderSettings): LeftOut[] =>
  sounds.length === 0 || sound ? [] : [{ what: 'sound', names: sounds }];

function notOfOneView({ views, video }: RenderSettings): Note {
  const shown = video === 'none' ? 'The pages show' : 'The pages and the video show';
  return info(
    'several-views',
    `The scene is rendered in the views ${shortened(views)}: each frame comes as that many files. ${shown} ${views[0]}.`,
  );
}

function notesOfVideo(settings: RenderSettings): Note[] {
  const { video, transparent, format, resolutionX, resolutionY, percentage } = settings;
  if (video === 'none') return [];
  const sides = [resolutionX, resolutionY].map((side) => Math.max(1, Math.floor((side * percentage) / 100)));
  const odd = sides.some((side) => side % 2 === 1);
  const over =
    transparent && video === 'mp4' && format !== 'JPEG'
      ? [
          info(
            'video-over-black',
            'MP4 has no transparency: the video shows the picture over black. WebM and MOV keep it transparent, and so do the frames.',
          ),
        ]
      : [];
  const grown = sides.map((side) => side + (side % 2)).join(' x ');
  return [
    ...over,
    ...(odd
      ? [
          info(
            'video-grown',
            `Video has even sides only: that of ${sides.join(' x ')} frames is ${grown} pixels, its last row or column repeated.`,
          ),
        ]
      : []),
  ];
}

/** `"a", "b" and 3 more` */
export const listed = (names: readonly string[]): string => shortened(names.map((name) => `"${name}"`));

const shortened = (items: readonly string[]): string =>
  items.length <= 4
    ? items.join(', ').replace(/, (?=[^,]*$)/, ' and ')
    : `${items.slice(0, 3).join(', ')} and ${items.length - 3} more`;

const warning = (code: string, message: string): Note => ({ level: 'warning', code, message });
const info = (code: string, message: string): Note => ({ level: 'info', code, message });

function notesOfScripts(probe: BlenderProbe): Note[] {
  const { scripts, drivers } = probe;
  const onLoad: Note = {
    level: 'info',
    code: 'scripts-off',
    message: `The file holds scripts that want to run on load (${scripts.join(', ')}). They run only if scripts are switched on for the job.`,
  };
  const blocked = warning(
    'drivers-off',
    `${listed(drivers)} ${drivers.length === 1 ? 'is' : 'are'} driven by Python expressions, which are not evaluated as scripts are off for the job: the pictures differ from those on your machine.`,
  );
  return [...(scripts.length === 0 ? [] : [onLoad]), ...(drivers.length === 0 ? [] : [blocked])];
}

const isNewer = ({ fileVersion }: BlenderSpec, { blenderVersion }: BlenderProbe): boolean =>
  fileVersion !== null && compareVersions(fileVersion, blenderVersion) > 0;

const SENTENCES: Record<LeftOut['what'], (names: readonly string[]) => string> = {
  passes: (names) =>
    `The scene writes OpenEXR files of several layers. In the format chosen the frames come back with the finished picture alone, without ${names.length === 0 ? 'its passes' : `the passes ${shortened(names)}`}.`,
  'file-output': (names) =>
    `What the File Output node${names.length === 1 ? '' : 's'} ${listed(names)} would write does not come back: the farm takes the finished picture of each frame alone.`,
  stamp: () => 'The scene burns its metadata into the picture. The frames come back without.',
  crop: () =>
    'The scene is cropped to its render region. The frames come in their whole size, with the region in its place.',
  sound: (names) =>
    `The scene has sound (${listed(names)}), which the video comes back without, as its frames do not follow one another without gaps.`,
  views: (names) =>
    `The scene is rendered in ${names.length} views (${shortened(names)}), more than the farm takes. The frames come as one view of the camera.`,
};

/** Formats of single pictures that are not rendered as they are, by Blender's names. */
const FORMATS: Record<string, string> = {
  HDR: 'Radiance HDR',
  DPX: 'DPX',
  CINEON: 'Cineon',
  BMP: 'BMP',
  IRIS: 'Iris',
  JPEG2000: 'JPEG 2000',
  TARGA: 'Targa',
  TARGA_RAW: 'Targa',
  WEBP: 'WebP',
};
