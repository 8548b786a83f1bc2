import type { WorkerList } from '@parallel-pilot/shared/api/farm.ts';
import type { CliKind } from '../kinds/kind.ts';
import { table } from '../text/columns.ts';

/** The workers as lines; those that are connected first. */
export function workerTable({ workers }: WorkerList, columns: CliKind['columns'], width: number): string[] {
  if (workers.length === 0) return ['No worker has joined yet.'];
  const order = { online: 0, draining: 1, offline: 2 };
  const rows = [...workers]
    .sort(
      (a, b) => order[a.status] - order[b.status] || a.name.localeCompare(b.name, 'en', { numeric: true }),
    )
    .map((worker) => [
      worker.name,
      worker.status,
      worker.load === null ? '' : `${Math.round(worker.load.cpu * 100)} %`,
      ...columns.map((column) => column.of(worker.capabilities)),
      String(worker.chunksDone),
      String(worker.chunksFailed),
      worker.running.map((chunk) => `${chunk.label} of ${chunk.jobName}`).join(', '),
    ]);
  const abilities = columns.map(({ title }) => title);
  return table(['WORKER', 'STATE', 'CPU', ...abilities, 'DONE', 'FAILED', 'DOES'], rows, width);
}
