import type { Api } from '../api/client.ts';
import type { RunEvent } from '../report/events.ts';
import type { Interrupts } from './interrupts.ts';
import type { OwnFarm } from './own-farm.ts';
import type { RunOptions, RunPlan } from './plan.ts';
import type { UnfinishedJobs } from './unfinished.ts';

/** What the steps of one run work with. */
export type RunParts = {
  plan: RunPlan;
  /** Of the files that the farm needs. */
  paths: readonly string[];
  options: RunOptions;
  report: (event: RunEvent) => void;
  interrupts: Interrupts;
  /** The farm that was started for this run; null where one was there. */
  farm: OwnFarm | null;
  api: Api;
  unfinished: UnfinishedJobs;
  /** On performance.now()'s clock. */
  startedAt: number;
};
