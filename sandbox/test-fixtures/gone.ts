import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** True as soon as the process has ended (whether or not its new parent has noticed), false after five seconds. */
export async function gone(pid: number): Promise<boolean> {
  const deadline = Date.now() + 5_000;
  while (Date.now() < deadline) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (stat === '' || /\) [ZX] /.test(stat)) return true;
    await pause(10);
  }
  return false;
}
