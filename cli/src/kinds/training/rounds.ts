import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { RoundList, type TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { Api } from '../../api/client.ts';
import { type Follow, followJob } from '../../follow/follow.ts';
import type { Trail } from '../../follow/view.ts';
import type { RunEvent } from '../../report/events.ts';
import type { TrainingProgress } from './events.ts';

type Step = Extract<RunEvent, { event: 'train.step' }>['step'];
/** `told` is the last round that was told; `asked` tells of which state of the job the rounds are known. */
export type Rounds = { reported: number; asked: string; step: Step | null; over: boolean };
type Fetched = { rounds: RoundList['rounds']; asked: string };

/** Follows a training round by round. */
export const rounds: Trail<Rounds, Fetched> = {
  opening: { reported: 0, asked: '', step: null, over: false },
  async fetch(api, { job, own }) {
    const asked = stateOf(job);
    const view = trainingOf(job);
    if (asked === own.asked || view.round === 0) return asked === own.asked ? null : { rounds: [], asked };
    const all: RoundList['rounds'] = [];
    for (let after = own.reported; ; ) {
      const page = await fetchRounds(api, job.id, after);
      all.push(...page.rounds);
      const last = page.rounds.at(-1);
      // Once there was nothing to tell of a job under way, there is nothing older that would be told.
      if (last === undefined || last.round >= view.round) return { rounds: all, asked };
      after = last.round;
    }
  },
  take(view, { rounds: fetched, asked }, underWay) {
    const done = fetched.filter(({ round, state }) => state === 'done' && round > view.own.reported);
    const reported = Math.max(view.own.reported, ...done.map(({ round }) => round));
    const step = stepOf(view.job) ?? view.own.step;
    const over = view.job.state === 'completed';
    const untold = underWay && view.own.asked === '';
    const roundEvents = untold ? [] : done.map((round) => roundEvent(view.job, round));
    const stepEvents = step === null || step === view.own.step ? [] : [stepEvent(view.job, step)];
    return {
      view: { ...view, own: { reported, asked, step, over } },
      // All rounds are over before the model is measured; what comes before them was begun before.
      events: [
        ...(step === 'evaluate' ? [...roundEvents, ...stepEvents] : [...stepEvents, ...roundEvents]),
        ...(over && !view.own.over ? [overEvent(view.job)] : []),
      ],
    };
  },
  patch: (view, patch) => ({
    view,
    events: [],
    stale: patch.changed || patch.chunks.some(({ status }) => status === 'done' || status === 'failed'),
  }),
  progress: ({ job }) => ({ training: progressOf(job) }),
};

/** Rounds of a training in their order, at most 1,000, from the one after `after`. */
export const fetchRounds = (api: Api, id: JobId, after: number): Promise<RoundList> =>
  api.get(`/api/v1/jobs/${id}/rounds?after=${after}`, RoundList);

/** Follows a training round by round. */
export const followRounds: Follow = (api, id, options) => followJob(rounds, api, id, options);

// What `rounds` would answer changes with a stage, and at the end.
const stateOf = (job: JobDetail): string =>
  `${job.stageId} ${trainingOf(job).round} ${isOver(job.state) ? job.state : ''}`;

const STEPS: Record<string, Step> = {
  split: 'split',
  environment: 'environment',
  initialize: 'initialize',
  train: 'rounds',
  shares: 'rounds',
  masked: 'rounds',
  unmask: 'rounds',
  merge: 'rounds',
  measure: 'evaluate',
  evaluate: 'evaluate',
};
const stepOf = ({ stage, state }: JobDetail): Step | null => (isOver(state) ? null : (STEPS[stage] ?? null));

/** The shards that were really made: small data makes fewer than were asked for. */
const shardsOf = ({ split, settings }: TrainingView): number => split?.shards.length ?? settings.shards;

const stepEvent = (job: JobDetail, step: Step): RunEvent => {
  const view = trainingOf(job);
  return { event: 'train.step', job: job.id, step, rounds: view.settings.rounds, shards: shardsOf(view) };
};

const overEvent = (job: JobDetail): RunEvent => ({
  event: 'train.over',
  job: job.id,
  without: trainingOf(job).without,
});

const roundEvent = (job: JobDetail, done: RoundList['rounds'][number]): RunEvent => ({
  event: 'round.done',
  job: job.id,
  round: done.round,
  rounds: trainingOf(job).settings.rounds,
  metrics: done.metrics ?? done.shardMetrics,
  held_out: done.metrics !== null,
  shards_done: done.shardsDone,
  shards: done.shards,
  bytes_sent: done.bytes?.sent ?? null,
  bytes_received: done.bytes?.received ?? null,
  bytes_early: done.bytes?.early ?? null,
  seconds: done.seconds,
});

function progressOf(job: JobDetail): TrainingProgress {
  const view = trainingOf(job);
  const { round, metrics, best, settings } = view;
  return { round, rounds: settings.rounds, shards: shardsOf(view), metrics, best };
}

/** What a training shows; a job of another kind does not come here. */
export function trainingOf({ view, id }: JobDetail): TrainingView {
  if (view.kind !== 'training') throw new Error(`job ${id} is a ${view.kind} job, not a training`);
  return view;
}
