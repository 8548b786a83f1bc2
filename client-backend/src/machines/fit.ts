import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { FitQuestion, WorkerFit } from '@parallel-pilot/shared/api/machines.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { asSeenBy, requirementsOf } from '@parallel-pilot/shared/model/placement.ts';
import { type Requirement, unmet } from '@parallel-pilot/shared/model/requirement.ts';
import { lacking as tooLittleOf } from '@parallel-pilot/shared/model/resources.ts';
import { mayWorkFor } from '@parallel-pilot/shared/model/worker.ts';
import { type LentWorker, labelsOf, workersSeenBy } from '@parallel-pilot/shared/server/db/workers.ts';
import type { z } from 'zod';
import { capabilitiesOf, lenderOf } from '../fleet.ts';
import { andList, lackOfWorker } from '../jobs/wait-sentence.ts';
import type { Parts } from '../parts.ts';
import { type LiveWorker, offerOf } from './worker-views.ts';

const MOST_OTHERS = 50;

type Asked = z.output<typeof FitQuestion>;

/** How many of the workers that are connected, and that the team may know of, could be given a job so chosen; and why not the others. */
export async function fitOf(
  { db, balancer }: Pick<Parts, 'db' | 'balancer'>,
  by: Pick<Principal, 'person' | 'team'>,
  asked: Asked,
): Promise<WorkerFit> {
  const live = balancer.workers();
  const connected = (await workersSeenBy(db, by.team)).filter(
    (row) => (live.get(row.id)?.status ?? row.status) !== 'offline',
  );
  const judged = connected.map((row) => ({
    row,
    why: whyNot(row, live.get(row.id), by, asked),
  }));
  const others = judged.flatMap(({ row, why }) =>
    why === null ? [] : [{ worker: { id: row.id, name: nameOf(row) }, why }],
  );
  const fitting = connected.length - others.length;
  return {
    connected: connected.length,
    fitting,
    message: sentence(fitting, connected.length),
    others: others.slice(0, MOST_OTHERS),
    offer: {
      pools: distinct(connected.flatMap((row) => labelsOf(row).pools)),
      tags: distinct(connected.flatMap((row) => (row.team_id === by.team ? labelsOf(row).tags : []))),
      workers: connected.map((row) => ({ id: row.id, name: nameOf(row) })),
    },
  };
}

function whyNot(
  row: LentWorker,
  live: LiveWorker | undefined,
  by: Pick<Principal, 'person' | 'team'>,
  asked: Asked,
) {
  const capabilities = capabilitiesOf(row);
  const lender = lenderOf(row);
  const lacking = unmet(asSeenBy(capabilities, lender, by), needsOf(asked));
  if (lacking.length > 0) return lackOfWorker(lacking, asked.kind ?? '');
  if (!mayWorkFor(lender, capabilities, by)) return 'does not work for you';
  if (row.disabled_at !== null) return 'is disabled';
  if ((live?.status ?? row.status) === 'draining') return 'finishes what it has begun and ends';
  const offer = offerOf(row, live);
  const tooLittle = offer === null ? [] : tooLittleOf(asked.asked, { offer, slots: row.slots });
  return tooLittle.length === 0 ? null : `does not offer ${andList(tooLittle)}`;
}

const needsOf = ({ kind, settings, placement }: Asked): Requirement[] => [
  ...requirementsOf(placement),
  ...(kind === undefined
    ? []
    : (kindOf(kind).needs?.(settings) ?? [{ key: 'kinds', op: 'includes' as const, value: kind }])),
];

function sentence(fitting: number, connected: number): string {
  if (connected === 0) return 'No worker is connected: the job will wait for one.';
  if (fitting === 0)
    return `${connected === 1 ? 'The one connected worker does not fit' : `None of the ${connected} connected workers fits`}: the job will wait for one.`;
  if (fitting === connected)
    return connected === 1 ? 'The one connected worker fits.' : `All ${connected} connected workers fit.`;
  return `${fitting} of ${connected} connected workers ${fitting === 1 ? 'fits' : 'fit'}.`;
}

const nameOf = ({ label, name }: LentWorker): string => label ?? name;
const distinct = (names: string[]): string[] =>
  [...new Set(names)].toSorted((a, b) => a.localeCompare(b, 'en'));
