import type { WorkerList } from '@parallel-pilot/shared/api/farm.ts';
import type { JoinTokenList, WorkerAttempt, WorkerHistory } from '@parallel-pilot/shared/api/machines.ts';
import type { CliKind } from '../kinds/kind.ts';
import { table } from '../text/columns.ts';
import { duration } from '../text/units.ts';

/** The workers as lines; those that are connected first. */
export function workerTable({ workers }: WorkerList, columns: CliKind['columns'], width: number): string[] {
  if (workers.length === 0) return ['No worker has joined yet.'];
  const labels = (['pools', 'tags'] as const).filter((label) =>
    workers.some((worker) => worker[label].length > 0),
  );
  const order = { online: 0, draining: 1, offline: 2 };
  const rows = [...workers]
    .sort(
      (a, b) => order[a.status] - order[b.status] || a.name.localeCompare(b.name, 'en', { numeric: true }),
    )
    .map((worker) => [
      worker.label ?? worker.name,
      worker.disabled ? 'disabled' : worker.status,
      worker.load === null ? '' : `${Math.round(worker.load.cpu * 100)} %`,
      ...columns.map((column) => column.of(worker.capabilities)),
      ...labels.map((label) => worker[label].join(', ')),
      worker.worksFor,
      String(worker.chunksDone ?? ''),
      String(worker.chunksFailed ?? ''),
      worker.running.map((chunk) => `${chunk.label} of ${chunk.jobName}`).join(', '),
    ]);
  const abilities = columns.map(({ title }) => title);
  return table(
    [
      'WORKER',
      'STATE',
      'CPU',
      ...abilities,
      ...labels.map((label) => label.toUpperCase()),
      'FOR',
      'DONE',
      'FAILED',
      'DOES',
    ],
    rows,
    width,
  );
}

/** What a worker did, newest first. */
export function historyLines({ attempts, next }: WorkerHistory, width: number): string[] {
  if (attempts.length === 0) return ['It has done nothing so far.'];
  const rows = attempts.map((attempt) => [
    new Date(attempt.grantedAt).toISOString().slice(0, 19).replace('T', ' '),
    attempt.outcome ?? 'under way',
    tookOf(attempt),
    attempt.job === null ? '(another team)' : `${attempt.job.label} of ${attempt.job.name}`,
    attempt.failure?.message ?? '',
  ]);
  const lines = table(['WHEN (UTC)', 'OUTCOME', 'TOOK', 'WHAT', 'WHY'], rows, width);
  return next === null ? lines : [...lines, `and more (--before ${next} shows it)`];
}

const tookOf = ({ startedAt, endedAt }: WorkerAttempt): string =>
  startedAt === null || endedAt === null ? '' : duration((endedAt - startedAt) / 1_000);

export function tokenTable({ joinTokens }: JoinTokenList, width: number): string[] {
  if (joinTokens.length === 0) return ['No machine can join: "pilot workers token" makes a token.'];
  const rows = joinTokens.map((token) => [
    token.id,
    token.state,
    token.usesLeft === null ? 'any' : String(token.usesLeft),
    String(token.workers),
    token.worksFor,
    token.expiresAt === null
      ? 'never'
      : new Date(token.expiresAt).toISOString().slice(0, 16).replace('T', ' '),
    token.name,
  ]);
  return table(['TOKEN', 'STATE', 'LEFT', 'JOINED', 'FOR', 'ENDS (UTC)', 'NAME'], rows, width);
}
