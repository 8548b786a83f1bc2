import { readFile } from 'node:fs/promises';
import { execa } from 'execa';

/** Resident memory of a process in bytes; 0 when it is gone or the system does not tell. */
export async function residentBytes(pid: number | undefined): Promise<number> {
  if (pid === undefined) return 0;
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024;
  }
  const listed = await execa('ps', ['-o', 'rss=', '-p', String(pid)], { reject: false });
  return (Number(listed.stdout) || 0) * 1_024;
}
