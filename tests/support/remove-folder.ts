import { readFile, rm } from 'node:fs/promises';
import { sep } from 'node:path';
import { execa } from 'execa';

/**
 * Removes a folder that processes of a test wrote to. What they started dies a moment after them, podman's own clean-up
 * for one, and may still put a file into a folder that is being removed. Where podman itself was killed, the root of a
 * container may stay mounted, and nobody would ever remove that.
 */
export async function removeFolder(folder: string): Promise<void> {
  for (const place of await mountedBelow(folder)) await execa('umount', ['--lazy', place], { reject: false });
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** By /proc/self/mountinfo, see proc_pid_mountinfo(5): the innermost first. None where there is no such file. */
async function mountedBelow(folder: string): Promise<string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const places = text.split('\n').flatMap((line) => line.split(' ')[4] ?? []);
  return places.filter((place) => place.startsWith(folder + sep)).toReversed();
}
