import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import { createTail } from '@parallel-pilot/sandbox/child/tail.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';

export type FfmpegRun = {
  program: 'ffmpeg' | 'ffprobe';
  /** Starts in the workspace's `work`; its inputs are in `../in`. See `readingFrames` for what every line begins with. */
  args: readonly string[];
  sandbox: Sandbox;
  workspace: Workspace;
  limits: Limits;
  signal: AbortSignal;
  onLine?(line: string): void;
  onPid?(pid: number): void;
};

export type FfmpegEnd =
  | { ok: true; stdout: string; stderr: string }
  | { ok: false; cause: 'missing' | 'failed'; message: string };

/** Runs ffmpeg in the sandbox. Rejects when the signal is aborted, once the program is gone. */
export async function runFfmpeg(run: FfmpegRun): Promise<FfmpegEnd> {
  const { program, sandbox, workspace, limits, signal } = run;
  signal.throwIfAborted();
  const [stdout, stderr] = [createTail(2_000, 1_000_000), createTail(40, 8_000)];
  const child = startChild({
    command: program,
    args: run.args,
    env: childEnvironment(sandbox),
    confinement: { sandbox, workspace, read: [], limits },
    onStdout(line) {
      if (run.onLine === undefined) stdout.add(line);
      else run.onLine(line);
    },
    onStderr: (line) => stderr.add(line),
  });
  const stop = (): void => void child.kill(0);
  signal.addEventListener('abort', stop, { once: true });
  if (child.pid !== undefined) run.onPid?.(child.pid);
  const exit = await child.exited;
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (exit.kind === 'exited' && exit.code === 0) {
    return { ok: true, stdout: stdout.text(), stderr: stderr.text() };
  }
  if (exit.kind === 'failed-to-start') return { ok: false, cause: 'missing', message: exit.reason };
  return { ok: false, cause: 'failed', message: [stderr.text(), ending(exit)].filter(Boolean).join('\n') };
}

/**
 * How a line begins that reads frames: files alone are opened, none of them is
 * taken for a playlist or for another format, and no picture is larger than
 * its job says. Without the pattern's files being there it fails.
 */
export const readingFrames = (
  demuxer: 'image2' | 'exr_pipe',
  size: { width: number; height: number },
): string[] => [
  ...['-v', 'error', '-protocol_whitelist', 'file'],
  // Decoders fill lines and columns up to full blocks.
  ...['-f', demuxer, '-max_pixels', String((size.width + 128) * (size.height + 128))],
];

/** How the sound of a scene is read: a FLAC may hold pictures too, in any format, and those are not decoded. */
export const readingSound = (path: string): string[] => [
  ...['-protocol_whitelist', 'file', '-codec_whitelist', 'flac'],
  ...['-f', 'flac', '-c:a', 'flac', '-i', path],
];

/** For frames of this size, one after another: what the program itself takes, and a number of frames as floats. */
export function frameLimits(
  { width, height }: { width: number; height: number },
  given: { frames: number; diskBytes: number; wallMs: number },
): Limits {
  const limits = defaultLimits();
  const { diskBytes, wallMs } = given;
  const memoryBytes = Math.min(1024 ** 3 + width * height * 16 * given.frames, limits.memoryBytes);
  return { ...limits, memoryBytes, fileBytes: diskBytes, diskBytes, files: 100, wallMs };
}

function ending(exit: Exclude<ChildExit, { kind: 'failed-to-start' }>): string {
  switch (exit.kind) {
    case 'exited':
      return '';
    case 'signalled':
      return `It was ended by ${exit.signal}.`;
    case 'limit':
      return exit.message;
    case 'broken':
      return exit.reason;
    default:
      return exit satisfies never;
  }
}
