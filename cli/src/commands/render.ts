import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { takeInterrupts } from '../render/interrupts.ts';
import { lookAtFile } from '../render/local-file.ts';
import { render } from '../render/render.ts';
import { type RenderFlags, readFlags } from '../render/request.ts';
import { RenderEvent } from '../report/events.ts';
import { openReporter } from '../report/open.ts';
import { SentenceError } from '../sentence-error.ts';
import { wrap } from '../text/columns.ts';
import { wholeNumber } from './numbers.ts';
import { type ApiFlags, withExamples, withJson, withServer } from './options.ts';

type Flags = RenderFlags & ApiFlags & { out: string; workers?: number; verbose?: boolean };

/** `pilot render`: exit code 0 only when everything asked for is in `--out`, 1 otherwise, 130 after Ctrl-C. */
export function renderCommand(context: Context, exit: (code: number) => void): Command {
  const command = new Command('render')
    .summary('render a .blend and save the video and the frames')
    .description(
      'Renders a .blend (or a .zip with one and its textures) and saves the video and the frames.\n' +
        'Uses the farm that is given or running on this machine; otherwise starts one for this job.\n' +
        'What is left out is taken from the file. After a crash the same command goes on where it was.',
    )
    .argument('<file>', '.blend, or .zip with a .blend and its files')
    .option('--frames <frames>', 'frames, such as 1-250 or 1-10,20,30-40x2')
    .option('--scene <name>', 'scene to render')
    .option('--camera <name>', 'camera to render through')
    .option('--engine <engine>', 'cycles, eevee or workbench')
    .option('--samples <n>', 'samples per pixel')
    .option('--resolution <WxH>', 'size in pixels, such as 1920x1080')
    .option('--percentage <n>', 'scale of the resolution in percent')
    .option('--format <format>', 'images: png, jpeg, exr or tiff')
    .option('--depth <bits>', 'bits per channel: 8, 16 or 32')
    .option('--video <format>', 'mp4, webm, mov or none')
    .option('--denoise <how>', 'auto, on or off')
    .option('--transparent', 'transparent background')
    .option('--no-transparent', 'background as in the world')
    .option('--fps <fps>', 'frames per second of the video')
    .option('--scripts', 'run the Python scripts stored in the file (only files you trust)')
    .option(
      '--stop-on-failure',
      'end the job as soon as one frame failed for good; otherwise the others go on',
    )
    .option('--main <path>', 'which .blend of an archive to render')
    .option('-o, --out <dir>', 'where to save', 'out')
    .option('--workers <n>', 'workers of a farm started for this job', wholeNumber(1, 64))
    .option('--verbose', "also show the logs of that farm's processes");
  withJson(withServer(command));
  withExamples(command, [
    'pilot render shot.blend',
    'pilot render shot.blend --frames 1-48 --percentage 50 --out previews',
    'pilot render shot.zip --main shots/a.blend --engine cycles --samples 128 --video webm',
    'pilot render shot.blend --server http://farm:3000 --json',
  ]);
  command.addHelpText('after', `\nEvents of --json, one a line:\n${eventNames().join('\n')}`);
  return command.action(async (file: string, flags: Flags) => exit(await run(context, file, flags)));
}

const eventNames = (): string[] =>
  wrap(RenderEvent.options.map((option) => option.shape.event.value).join(', '), 76).map(
    (line) => `  ${line}`,
  );

async function run(context: Context, path: string, flags: Flags): Promise<number> {
  const read = readFlags(flags);
  if (!read.ok) throw new SentenceError(read.message);
  const file = await lookAtFile(path);
  if (!file.ok) throw new SentenceError(file.message);
  const config = { ...context.config, dataFolder: resolve(flags.data ?? context.config.dataFolder) };
  const options = {
    file,
    request: read.request,
    server: flags,
    workers: flags.workers ?? null,
    verbose: flags.verbose ?? false,
    out: flags.out,
  };
  const interrupts = takeInterrupts();
  const reporter = openReporter(context, flags.json ?? false, options.verbose);
  try {
    const end = await render(config, options, (event) => reporter.report(event), interrupts);
    if (end.status === 'done') return 0;
    reporter.report({ event: 'error', message: end.message });
    reporter.close();
    context.stderr.write(`${end.message}\n`);
    return end.status === 'interrupted' ? 130 : 1;
  } catch (error) {
    if (error instanceof SentenceError) reporter.report({ event: 'error', message: error.message });
    throw error;
  } finally {
    reporter.close();
    interrupts.release();
  }
}
