import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { readProcess, treeOf } from './process-tree.ts';

/** Resident memory of a process and all it started, in bytes; 0 when it is gone or the system does not tell. */
export async function residentBytes(pid: number | undefined): Promise<number> {
  if (pid === undefined) return 0;
  if (process.platform === 'linux') {
    const all = (await treeOf(pid)).map(residence);
    // Pages that processes share are counted once, by whoever has most of them.
    return sum(all.map((it) => it.anonymous)) + Math.max(...all.map((it) => it.file + it.shared));
  }
  const listed = await execa('ps', ['-o', 'rss=', '-p', String(pid)], { reject: false });
  return (Number(listed.stdout) || 0) * 1_024;
}

/**
 * Memory that these processes hold and that cannot be read again from a file, swapped pages too. A page that
 * several map counts once, by its shares: smaps_rollup tells those, and is asked, since looking at every page
 * takes time, only when the processes together have more than `enough` even with shared pages counted for each.
 */
export async function heldBytes(pids: readonly number[], enough: number): Promise<number> {
  const most = sum(pids.map(residence).map(held));
  if (most <= enough) return most;
  return sum(await Promise.all(pids.map(proportionalBytes)));
}

type Residence = { anonymous: number; file: number; shared: number; swap: number };

const held = ({ anonymous, shared, swap }: Residence): number => anonymous + shared + swap;

/** See proc_pid_status(5). */
function residence(pid: number): Residence {
  const status = readProcess(`${pid}/status`);
  const of = (name: string): number => kilobytes(status, name) ?? 0;
  return { anonymous: of('RssAnon'), file: of('RssFile'), shared: of('RssShmem'), swap: of('VmSwap') };
}

/** A process that does not let itself be looked at counts with all that it maps. */
async function proportionalBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1').catch(() => '');
  const anonymous = kilobytes(rollup, 'Pss_Anon');
  if (anonymous === null) return held(residence(pid));
  return anonymous + (kilobytes(rollup, 'Pss_Shmem') ?? 0) + (kilobytes(rollup, 'SwapPss') ?? 0);
}

function kilobytes(text: string, name: string): number | null {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
  return found === null ? null : Number(found[1]) * 1_024;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, it) => all + it, 0);
