import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { frameLimits, readingSound, runFfmpeg } from './run-ffmpeg.ts';

type Tools = { sandbox: Sandbox; folder: string; signal: AbortSignal };

/** Decodes a FLAC from its beginning to its end; what is wrong with it as a clause, null where it is whole. */
export async function soundProblem({ sandbox, folder, signal }: Tools, path: string): Promise<string | null> {
  const workspace = createWorkspace(sandbox, folder);
  try {
    await workspace.give(path, 'sound.flac');
    const end = await runFfmpeg({
      program: 'ffmpeg',
      args: ['-v', 'error', '-xerror', ...readingSound('../in/sound.flac'), '-f', 'null', '-'],
      sandbox,
      workspace,
      limits: frameLimits({ width: 0, height: 0 }, { frames: 0, diskBytes: 16 * 1024 ** 2, wallMs: 600_000 }),
      signal,
    });
    if (end.ok) return end.stderr === '' ? null : firstLine(end.stderr);
    if (end.cause === 'missing') throw new Error(`ffmpeg cannot be started: ${end.message}`);
    return firstLine(end.message);
  } finally {
    await workspace.remove();
  }
}

const firstLine = (text: string): string =>
  (text.trim().split('\n')[0] ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
