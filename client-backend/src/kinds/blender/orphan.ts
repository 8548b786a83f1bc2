import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

const FILE = 'ffmpeg.pid';

/** Notes the program that works in this folder, so that the next process can end it. */
export function rememberPid(folder: string, pid: number): void {
  writeFileSync(join(folder, FILE), String(pid));
}

/**
 * Ends the ffmpeg that a killed process left at work in this folder. The
 * folder must stand in the program's command line: the number may long belong
 * to another program.
 */
export async function endOrphan(folder: string): Promise<void> {
  const pid = Number(await readFile(join(folder, FILE), 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 1) return;
  const shown = await execa('ps', ['-o', 'args=', '-p', String(pid)], { reject: false });
  if (shown.exitCode !== 0 || !shown.stdout.includes(folder)) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended between the two looks.
  }
}
