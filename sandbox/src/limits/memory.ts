import { execa } from 'execa';
import { treeUsage } from './process-tree.ts';

/** Resident memory of a process and all it started, in bytes; 0 when it is gone or the system does not tell. */
export async function residentBytes(pid: number | undefined): Promise<number> {
  if (pid === undefined) return 0;
  if (process.platform === 'linux') return (await treeUsage(pid)).memoryBytes;
  const listed = await execa('ps', ['-o', 'rss=', '-p', String(pid)], { reject: false });
  return (Number(listed.stdout) || 0) * 1_024;
}
