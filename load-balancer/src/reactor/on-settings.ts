import { isDeepStrictEqual } from 'node:util';
import type { Lending } from '@parallel-pilot/shared/model/lending.ts';
import { lentAt } from '@parallel-pilot/shared/model/lending-terms.ts';
import { type Place, withPlace } from '@parallel-pilot/shared/model/placement.ts';
import { refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import { type KnownWorker, labelsOf, lendingOf } from '@parallel-pilot/shared/server/db/workers.ts';
import { append, type Effect } from '../farm/effects.ts';
import type { FarmEvent } from '../farm/events.ts';
import type { Farm, Worker } from '../farm/farm.ts';
import { setOffer } from '../farm/resources.ts';
import { endUnfit, remove } from './on-worker.ts';

type Event<T extends FarmEvent['type']> = Extract<FarmEvent, { type: T }>;

/** People change for whom a worker works, hold it back, or remove it, while it is connected. */
export function onWorkersRead(farm: Farm, { known }: Event<'workers-read'>, now: number): Effect[] {
  const effects: Effect[] = [];
  for (const row of known) {
    const worker = farm.workers.get(row.id);
    // Who has not said hello to this process is looked at when it does.
    if (worker !== undefined && worker.lender !== null) append(effects, settle(farm, worker, row, now));
  }
  return effects;
}

function settle(farm: Farm, worker: Worker, row: KnownWorker, now: number): Effect[] {
  if (row.standing !== 'good') return dismiss(farm, worker, row, now);
  const { person_id: person, team_id: team, works_for: worksFor } = row;
  const disabled = row.disabled_at !== null;
  const lend = narrow(worker, lendingOf(row), now);
  const { lender } = worker;
  const moved = move(worker, labelsOf(row));
  const same =
    !moved &&
    lender?.person === person &&
    lender.team === team &&
    lender.worksFor === worksFor &&
    worker.disabled === disabled;
  if (same) return lend;
  worker.lender = { person, team, worksFor };
  worker.disabled = disabled;
  return [...lend, ...endUnfit(farm, worker, now), { type: 'worker-changed', worker: worker.id }];
}

/** False where it has these tags and pools already. */
function move(worker: Worker, labels: Pick<Place, 'tags' | 'pools'>): boolean {
  const { place } = worker;
  if (isDeepStrictEqual({ ...place, ...labels }, place)) return false;
  worker.place = { ...place, ...labels };
  worker.capabilities = withPlace(worker.capabilities, worker.place);
  worker.matches.clear();
  return true;
}

/** What is taken from what it lends is not given out any more at once; what is added, the worker says itself. */
function narrow(worker: Worker, lending: Lending, now: number): Effect[] {
  if (isDeepStrictEqual(worker.lending, lending)) return [];
  worker.lending = lending;
  setOffer(worker, worker.offer);
  if (worker.lent.open) worker.lent = lentAt(lending, now, false);
  const changed: Effect = { type: 'worker-changed', worker: worker.id };
  return worker.session === null ? [changed] : [{ type: 'lend', session: worker.session, lending }, changed];
}

/** What it had goes back to the queue at once. It is told why when it tries to come back. */
function dismiss(farm: Farm, worker: Worker, { standing }: KnownWorker, now: number): Effect[] {
  const { session } = worker;
  const fields = { event: 'worker.dismissed', worker: worker.id, standing, leases: worker.leases.size };
  const effects = remove(farm, worker, 'released', now);
  if (session !== null) effects.push({ type: 'close', session, why: 'removed' });
  return [...effects, { type: 'log', level: 'info', fields }];
}

/** What deadlines make of jobs is looked at anew with the next tick. */
export function onFarmSettingsRead(farm: Farm, { escalation }: Event<'farm-settings-read'>): Effect[] {
  if (isDeepStrictEqual(farm.escalation, escalation)) return [];
  farm.escalation = escalation;
  farm.endsForeseenAt = Number.NEGATIVE_INFINITY;
  return [{ type: 'log', level: 'info', fields: { event: 'farm.deadlines', ...escalation } }];
}

export function onDrainWorker(farm: Farm, { worker: id, reply: to }: Event<'drain-worker'>): Effect[] {
  const session = farm.workers.get(id)?.session ?? null;
  if (session === null) {
    const reply = refusal('not-allowed', 'This worker is not connected, so there is nothing to finish.');
    return [{ type: 'reply', to, reply }];
  }
  return [
    { type: 'drain', session },
    { type: 'reply', to, reply: { ok: true } },
  ];
}
