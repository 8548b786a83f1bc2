import { plannedSettings } from '@parallel-pilot/shared/kinds/training/ddp.ts';
import type { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import { type Sweep, sweepProblem } from '@parallel-pilot/shared/kinds/training/sweep/search.ts';
import { insertSweep } from '@parallel-pilot/shared/server/db/sweeps.ts';
import type { SubmissionRefusal } from '../../../parts.ts';
import type { Several } from '../../kind.ts';
import { type ParameterSet, parameterSets } from './parameter-sets.ts';

/** The trainings that a sweep makes of one, those beyond `concurrent` paused until it is their turn. */
export function planSweep(
  sweep: Sweep,
  spec: TrainingSpec,
): { ok: true; several: Several } | SubmissionRefusal {
  const { settings } = spec;
  const problem = sweepProblem(sweep, plannedSettings(settings));
  if (problem !== null) return { ok: false, code: 'bad-sweep', message: problem };
  const jobs = parameterSets(sweep, settings.seed).map((set, index) => ({
    spec: { ...spec, settings: { ...settings, params: { ...settings.params, ...set } } },
    variant: variantOf(set, index + 1),
    paused: index >= sweep.concurrent,
  }));
  return {
    ok: true,
    several: {
      jobs,
      async store(db, { group, by, name, jobs: ids, now }) {
        const row = { team_id: by.team, id: group, person_id: by.person, name, created_at: now };
        const members = ids.map((job_id, index) => ({
          job_id,
          held: jobs[index]?.paused ? ('turn' as const) : null,
        }));
        await insertSweep(db, { ...row, search_json: JSON.stringify(sweep), problem: null }, members);
      },
    },
  };
}

/** "lr=0.1 width=32"; of long ones the beginning, and their number. */
function variantOf(set: ParameterSet, number: number): string {
  const text = Object.entries(set)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
  return text.length <= 80 ? text : `${text.slice(0, 74)}… #${number}`;
}
