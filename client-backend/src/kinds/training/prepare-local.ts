import { type LocalData, localProblem } from '@parallel-pilot/shared/kinds/training/local-data.ts';
import { MOST_SHARDS } from '@parallel-pilot/shared/kinds/training/settings.ts';
import type { TrainingSubmission } from '@parallel-pilot/shared/kinds/training/spec.ts';
import { needsLent } from '@parallel-pilot/shared/model/lent-data.ts';
import { type Placement, requirementsOf } from '@parallel-pilot/shared/model/placement.ts';
import { meets, type Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import type { JobOwner } from '@parallel-pilot/shared/model/worker.ts';
import { workerNames } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { z } from 'zod';
import { workersFor } from '../../fleet.ts';
import type { Parts, SubmissionRefusal } from '../../parts.ts';

type Asked = { by: JobOwner; placement: Placement; needs: readonly Requirement[]; once: boolean };
type Submitted = Pick<z.output<typeof TrainingSubmission>, 'data' | 'localData' | 'settings'>;

/** Whose local data the shards are: of the workers that lend it now and can run the script, all or the first by name. */
export async function prepareLocal(
  { db }: Pick<Parts, 'db'>,
  { data, localData: name, settings }: Submitted,
  { by, placement, needs, once }: Asked,
): Promise<{ ok: true; localData: LocalData | null } | SubmissionRefusal> {
  if (name === null) return { ok: true, localData: null };
  const problem = localProblem({ ...settings, data: data !== null, once });
  if (problem !== null) return refuse(problem);
  const all = [needsLent(name), ...needs, ...requirementsOf(placement)];
  const lending = await workersFor(db, by, (worker) => meets(worker, needsLent(name)));
  const able = await workersFor(db, by, (worker) => all.every((need) => meets(worker, need)));
  const names = await workerNames(db, able);
  const called = (id: (typeof able)[number]) => names.get(id) ?? '';
  const workers = able.toSorted((a, b) => called(a).localeCompare(called(b)) || (a < b ? -1 : 1));
  const wanted = settings.shards ?? Math.min(MOST_SHARDS, workers.length);
  if (lending.length === 0)
    return refuse(
      `No worker that is connected lends data as "${name}" to your team. Its owner starts it with --lend-data ${name}=FOLDER.`,
    );
  if (workers.length === 0)
    return refuse(
      `${lending.length === 1 ? 'The only worker that lends' : `None of the ${lending.length} workers that lend`} "${name}" ${lending.length === 1 ? 'cannot run this script, or is not among those that the job asks for' : 'can run this script and is among those that the job asks for'}.`,
    );
  if (wanted > workers.length)
    return refuse(
      `${workers.length === 1 ? 'Only one worker that is connected lends' : `Only ${workers.length} workers that are connected lend`} "${name}" and can run the script, and ${wanted} shards are asked for. Ask for fewer, or leave the shards out: then each of these is one.`,
    );
  return { ok: true, localData: { name, workers: workers.slice(0, wanted) } };
}

const refuse = (message: string): SubmissionRefusal => ({ ok: false, code: 'bad-data', message });
