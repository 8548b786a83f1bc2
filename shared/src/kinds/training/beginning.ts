import {
  environmentNeeds,
  environmentStage,
  madeEnvironment,
  type Packages,
} from '../../packages/packages.ts';
import type { StageInput } from '../../protocol/stage-input.ts';
import type { NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { onLocalData } from './local-data.ts';
import { KEYS } from './needs.ts';
import { affinityOf, contextOf, renamed, scriptInputs, scriptNeeds } from './stage-parts.ts';
import { InitializeSpec, PARTS, ShardChunk, TrainingPlan } from './stages.ts';
import { stageStart, startInput } from './start-stage.ts';
import type { TrainingSpec } from './stored-spec.ts';

/* What comes before the first round: the data, packages, first weights. */

export function planSplit(spec: TrainingSpec): StagePlan {
  return {
    name: 'split',
    spec: {},
    chunks: [],
    inputs: [],
    requirements: scriptNeeds(spec, null),
    affinity: affinityOf(spec),
    span: { from: 0, to: 0 },
  };
}

export function afterSplit({ spec, last }: PlanningContext<TrainingSpec>): NextStep {
  const plan = TrainingPlan.parse(last.taskValue);
  const notes =
    plan.reading === null ? [] : [{ level: 'info' as const, code: 'data-read', message: plan.reading }];
  const wanted = plan.environment === null ? spec.packages : null;
  const stage = wanted === null ? planInitialize(spec, plan) : planEnvironment(spec, wanted);
  return { step: 'stage', stage, notes, settings: plan };
}

/** One that another job of the team had made is in the plan already. */
function planEnvironment(spec: TrainingSpec, packages: Packages): StagePlan {
  return {
    ...planSplit(spec),
    ...environmentStage(packages),
    requirements: [...scriptNeeds(spec, null), ...environmentNeeds(KEYS, packages.wheels)],
  };
}

export function afterEnvironment({ spec, decided, last }: PlanningContext<TrainingSpec>): NextStep {
  const { environment, note } = madeEnvironment(last.done[0]);
  const plan = TrainingPlan.parse({ ...TrainingPlan.parse(decided), environment });
  return { step: 'stage', stage: planInitialize(spec, plan), notes: [note], settings: plan };
}

function planInitialize(spec: TrainingSpec, plan: TrainingPlan): StagePlan {
  const first = plan.shards[0];
  if (first === undefined) throw new Error('the data was split into no shard');
  const { from } = spec;
  const parts = spec.once ? partsOf(plan) : [];
  const stage: StagePlan = {
    ...planSplit(spec),
    requirements: scriptNeeds(spec, plan.environment),
    name: 'initialize',
    spec: InitializeSpec.parse({
      context: contextOf(plan, 0, 0, spec.localData),
      start: from && stageStart(from),
      parts: parts.map(({ path }) => path),
    }),
    chunks: [ShardChunk.parse({ round: 0, shard: 0, data: parts.length > 0 ? null : first.input })],
    inputs: [...scriptInputs(spec, plan), ...(from === null ? [] : [startInput(from)]), ...parts],
  };
  // A script may need to see its data to make a model of the right shape; whose they are makes no difference.
  return onLocalData(stage, spec.localData);
}

/** All shards under names of their own, for what is made once of the whole data. */
const partsOf = ({ shards }: TrainingPlan): StageInput[] =>
  shards.flatMap(({ input }, shard) =>
    input === null ? [] : [renamed(input, `${PARTS}/${shard}${/\.\w+$/.exec(input.path)?.[0] ?? ''}`)],
  );
