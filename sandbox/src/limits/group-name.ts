import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pidNamespace, startOf } from './process-life.ts';

/** Made by whom: `pilot.<PID namespace>.<process>.<its start>.<random>`. A process id alone is used again. */
export const newGroupName = (): string =>
  ['pilot', pidNamespace(), process.pid, startOf(process.pid), randomBytes(4).toString('hex')].join('.');

/** Groups in a folder whose maker, of this PID namespace, is gone. */
export function orphanedGroups(folder: string): string[] {
  const own = pidNamespace();
  return readdirSync(folder).flatMap((name) => {
    const [, made, pid, start] = /^pilot\.(\d+)\.(\d+)\.(\d+)\.[0-9a-f]{8}$/.exec(name) ?? [];
    const orphaned = made === own && startOf(Number(pid)) !== start;
    return orphaned ? [join(folder, name)] : [];
  });
}
