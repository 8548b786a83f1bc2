import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';
import { CHECKPOINT } from '@parallel-pilot/shared/model/checkpoint.ts';
import { own as ownFolder, unpackCheckpoint } from './checkpoint-file.ts';
import { unpackResults } from './unpack-results.ts';

/** Folders of runs, and links in them. */
const MOST_RUNS = 256;
const MOST_LINKS = 2_000;

type Laid = { inputs: string; stage: RunsStage; runs: readonly number[]; checkpoint?: string | undefined };

/** Makes the folders of the first runs, while nobody is there who could put something else in their place; how many. */
export async function layOut(
  workspace: Workspace,
  { inputs, stage, runs, checkpoint }: Laid,
): Promise<number> {
  await workspace.fill(inputs);
  const { folders, inside, uid } = workspace;
  if (stage.gathers === true) await unpackResults(folders.in);
  for (const path of stage.executables) await chmod(join(folders.in, path), 0o555);
  // Among the inputs of the lease; the run finds what is in it.
  rmSync(join(folders.in, CHECKPOINT.path), { force: true });
  const names = readdirSync(folders.in);
  const most = Math.max(1, Math.min(runs.length, MOST_RUNS, Math.floor(MOST_LINKS / (names.length + 1))));
  for (const run of runs.slice(0, most)) {
    const own = join(folders.work, String(run));
    mkdirSync(own);
    chmodSync(own, 0o755);
    for (const name of names) symlinkSync(posix.join(inside.in, name), join(own, name));
    if (uid !== null) chownSync(own, uid, uid);
    if (stage.checkpoint == null) continue;
    ownFolder(own, stage.checkpoint, uid);
    if (checkpoint !== undefined && run === runs[0])
      await unpackCheckpoint(checkpoint, join(own, stage.checkpoint), uid);
  }
  // What a run leaves beside its folder would be lost: it is told so. A worker that is not root leaves it open, as it
  // could not remove it after its own sudden end.
  if (uid !== null) chownSync(folders.work, 0, 0);
  return most;
}

/** What every run of a box is told. */
export function sharedVariables({ inside }: Workspace, threads: number): Record<string, string> {
  const count = String(Math.max(1, Math.floor(threads)));
  const pools = ['OMP', 'OPENBLAS', 'MKL', 'NUMEXPR', 'BLIS'].map((name) => [`${name}_NUM_THREADS`, count]);
  return {
    ...Object.fromEntries(pools),
    // What it prints is seen while it runs.
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    PILOT_FILES: inside.in,
    PILOT_CPUS: count,
  };
}
