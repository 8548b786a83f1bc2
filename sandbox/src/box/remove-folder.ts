import { rm } from 'node:fs/promises';
import { execa } from 'execa';

/**
 * Removes a folder that a child could write. Its last process may be about to
 * die only, and a worker that is root must not be led out of the folder by a
 * link that appears in its way, nor stopped by a tree too deep for a path:
 * the `rm` of coreutils is safe from both, and Node's is from neither.
 */
export async function removeFolder(folder: string): Promise<void> {
  if (process.platform !== 'linux') {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    return;
  }
  for (let attempt = 1; ; attempt += 1) {
    const removed = await run('rm', ['-rf', '--one-file-system', '--', folder]);
    if (removed.exitCode === 0) return;
    if (attempt === 3) throw new Error(`${folder} cannot be removed: ${removed.stderr}`);
    // Folders that the child closed to itself, as the same user.
    await run('chmod', ['-R', 'u+rwX', '--', folder]);
  }
}

const run = (program: string, args: string[]) =>
  execa(program, args, { reject: false, preferLocal: false, maxBuffer: 4_096, env: { LC_ALL: 'C' } });
