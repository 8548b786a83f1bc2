import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Parameters } from '@parallel-pilot/shared/model/parameters.ts';
import type { Asked } from '@parallel-pilot/shared/model/resources.ts';
import type { RunPlan } from '../run/plan.ts';
import type { SourceDocument } from '../source/document.ts';

/** A job of a pipeline that is said in another format than pilot's own. */
export type ForeignJob = {
  /** How the pipeline calls it. */
  name: string;
  title: string;
  /** Names of those that have to succeed before it. */
  needs: string[];
  /** What it does, for whoever looks at the plan. */
  words: string[];
  asked: Asked | null;
  /** `idOf`: of another job of the pipeline, by its name. */
  plan(idOf: (name: string) => JobId): RunPlan;
};

/** A format of pipelines that a kind takes as it is. */
export interface ForeignFormat {
  /** Whether a document is said in it. */
  claims(document: unknown): boolean;
  /** Its parameters. Throws a SentenceError with a line for each thing that is wrong or not supported. */
  parameters(source: SourceDocument): Parameters;
  /**
   * Its jobs with values of parameters, as they are written; likewise. Files are named from the folder of the process,
   * but for those that are `given`, which are named from `folder`.
   */
  jobs(
    source: SourceDocument,
    given: ReadonlyMap<string, string>,
    folder: string,
  ): Promise<{ name: string; parameters: Record<string, string>; jobs: ForeignJob[] }>;
}
