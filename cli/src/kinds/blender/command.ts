import { Command } from 'commander';
import type { Context } from '../../context.ts';
import { defaultWorkers } from '../../farm/programs.ts';
import { priority, wholeNumber } from '../../numbers.ts';
import {
  type ApiFlags,
  setting,
  withEvents,
  withExamples,
  withJson,
  withServer,
  withUnsandboxed,
} from '../../options.ts';
import { readAfter, withAfter } from '../../run/after.ts';
import { type AskedFlags, readAsked, withAsked } from '../../run/asked.ts';
import { readBy, withBy } from '../../run/by.ts';
import { checkLocalFile } from '../../run/local-file.ts';
import { checkOutFolder } from '../../run/local-folder.ts';
import { type PlacementFlags, readPlacement, withPlacement } from '../../run/placement.ts';
import { type CarryOut, runCommand } from '../../run/run-command.ts';
import { SentenceError } from '../../sentence-error.ts';
import { FRAME_EVENTS } from './events.ts';
import { renderPlan } from './plan.ts';
import { type RenderFlags, readFlags } from './request.ts';

type Flags = RenderFlags &
  PlacementFlags &
  AskedFlags &
  ApiFlags & {
    out: string;
    workers?: number;
    priority?: number;
    by?: string;
    after?: string[];
    verbose?: boolean;
    unsandboxed?: boolean;
  };

/** `pilot render`: exit code 0 only when everything asked for is in `--out`, 1 otherwise, 130 after Ctrl-C. */
export function renderCommand(
  context: Context,
  exit: (code: number) => void,
  carryOut: CarryOut = runCommand,
): Command {
  const command = new Command('render')
    .summary('render a .blend and save the video and the frames')
    .description(
      'Renders a .blend (or a folder or .zip with one and its textures) and saves the video and the frames.\n' +
        'Uses the farm that is given or running on this machine; otherwise starts one for this job.\n' +
        'What is left out is taken from the file. After a crash the same command goes on where it was.',
    )
    .argument('<file>', '.blend, or a folder or .zip with a .blend and its files')
    .option('--frames <frames>', 'frames, such as 1-250 or 1-10,20,30-40x2')
    .option('--scene <name>', 'scene to render')
    .option('--camera <name>', 'camera to render through')
    .option('--engine <engine>', 'cycles, eevee or workbench')
    .option('--samples <n>', 'samples per pixel')
    .option('--resolution <WxH>', 'size in pixels, such as 1920x1080')
    .option('--percentage <n>', 'scale of the resolution in percent')
    .option('--format <format>', 'images: png, jpeg, exr, exr-layers or tiff')
    .option('--depth <bits>', 'bits per channel: 8, 16 or 32')
    .option('--video <format>', 'mp4, webm, mov or none')
    .option('--denoise <how>', 'auto, on or off')
    .option('--gpu', 'only on workers with a graphics card that Blender computes on, and on that')
    .option('--cpu', 'have Cycles compute on the processor')
    .option('--transparent', 'transparent background')
    .option('--no-transparent', 'background as in the world')
    .option('--fps <fps>', 'frames per second of the video')
    .option(
      '--simulate',
      'play simulations that are not baked from the first frame (as a rule where there are any)',
    )
    .option('--no-simulate', 'render each frame of them by itself')
    .option('--scripts', 'run the Python scripts and drivers stored in the file (only files you trust)')
    .option('--no-scripts', 'render without them, though the pictures may differ')
    .option('--ignore-script-errors', 'take frames whose scripts raised an error')
    .option('--strict', 'render nothing where a file that the scene uses is missing')
    .option('--open-newer', 'have a file of a newer Blender opened by an older one')
    .option(
      '--stop-on-failure',
      'end the job as soon as one frame failed for good; otherwise the others go on',
    )
    .option('--main <path>', 'which .blend of a folder or archive to render')
    .option(
      '--priority <n>',
      'before jobs with a smaller one, -100 to 100; 100 takes back what runs for it',
      priority,
    )
    .option('-o, --out <dir>', 'where to save', 'out')
    .addOption(
      setting('PILOT_WORKERS', 'workers of a farm started for this job').argParser(wholeNumber(1, 64)),
    )
    .option('--verbose', "also show the logs of that farm's processes");
  withAfter(withBy(withAsked(withPlacement(command))));
  withJson(withServer(withUnsandboxed(command)));
  withExamples(command, [
    'pilot render shot.blend',
    'pilot render shot.blend --frames 1-48 --percentage 50 --out previews',
    'pilot render shots/ --main a.blend --engine cycles --samples 128 --video webm',
    'pilot render shot.blend --pool film --tag fast --memory 16GB',
    'pilot render shot.blend --by "tomorrow 08:00"',
    'pilot render shot.blend --server http://farm:3000 --json',
  ]);
  withEvents(command, FRAME_EVENTS);
  return command.action(async (file: string, flags: Flags) =>
    exit(await run(carryOut, context, file, flags)),
  );
}

async function run(carryOut: CarryOut, context: Context, path: string, flags: Flags): Promise<number> {
  const read = readFlags(flags);
  if (!read.ok) throw new SentenceError(read.message);
  const file = await checkLocalFile(path, null);
  if (!file.ok) throw new SentenceError(file.message);
  await checkOutFolder(flags.out);
  const workers = defaultWorkers(context.config.cpus);
  const plan = renderPlan({ file, request: read.request, out: flags.out, workers });
  return carryOut(context, plan, {
    server: flags,
    workers: flags.workers ?? null,
    priority: flags.priority ?? null,
    asked: readAsked(flags),
    verbose: flags.verbose ?? false,
    unsandboxed: flags.unsandboxed ?? false,
    after: readAfter(flags.after),
    deadline: flags.by === undefined ? null : await readBy(flags.by, Date.now()),
    placement: readPlacement(flags),
    json: flags.json ?? false,
  });
}
