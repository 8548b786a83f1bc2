import { Asked, CountName } from '@parallel-pilot/shared/model/resources.ts';
import type { HostRequirements } from './schema.ts';

/** What is not supported, and where. */
export type NotSupported = { path: (string | number)[]; message: string };

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** What each task asks of a worker. The least that is required is kept for it, so it never has more than the most. */
export function askedBy(required: HostRequirements | undefined): {
  asked: Asked | null;
  problems: NotSupported[];
} {
  const problems: NotSupported[] = [];
  const asked: {
    threads?: number;
    memoryBytes?: number;
    diskBytes?: number;
    gpus?: object[];
    counts?: Record<string, number>;
  } = {};
  for (const [index, { name, min = 0 }] of (required?.amounts ?? []).entries()) {
    const own = /^amount\.(?!worker\.)(.+)$/.exec(name.toLowerCase())?.[1];
    if (name === 'amount.worker.vcpu') asked.threads = Math.max(1, Math.ceil(min));
    else if (min === 0) continue;
    else if (name === 'amount.worker.memory') asked.memoryBytes = Math.ceil(min * MIB);
    else if (name === 'amount.worker.disk.scratch') asked.diskBytes = Math.ceil(min * GIB);
    else if (name === 'amount.worker.gpu') asked.gpus = Array.from({ length: Math.ceil(min) }, () => ({}));
    else if (own !== undefined && CountName.safeParse(own).success)
      asked.counts = { ...asked.counts, [own]: Math.ceil(min) };
    else
      problems.push({
        path: ['amounts', index, 'name'],
        message: `the requirement ${name} is not supported`,
      });
  }
  for (const [index, { name, anyOf, allOf }] of (required?.attributes ?? []).entries()) {
    // Commands run on Linux alone, as their sandbox does.
    const linux =
      name === 'attr.worker.os.family' && (anyOf ?? allOf ?? []).some((one) => one.toLowerCase() === 'linux');
    if (linux && (allOf ?? []).every((one) => one.toLowerCase() === 'linux')) continue;
    problems.push({
      path: ['attributes', index, 'name'],
      message:
        name === 'attr.worker.os.family'
          ? 'commands run on Linux alone'
          : `the requirement ${name} is not supported`,
    });
  }
  const parsed = Object.keys(asked).length === 0 ? null : Asked.safeParse(asked);
  if (parsed !== null && !parsed.success)
    problems.push({ path: ['amounts'], message: 'these are amounts that no worker can have' });
  return { asked: parsed?.data ?? null, problems };
}
