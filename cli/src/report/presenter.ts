import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { KindEvent, RunEvent } from './events.ts';
import type { ShownJob } from './screen-model.ts';
import type { Look } from './screen-parts.ts';

/** How a kind of job is spoken of: reporters know what all jobs have in common only. */
export interface Presenter {
  /** What a log says when a job comes into a state; nothing where it is left out. */
  readonly states: Partial<Record<JobStatus, string>>;
  /** What stays to be read of an event that only one kind tells; none for one of another kind. */
  lines(event: KindEvent, every: boolean): string[];
  /** The colour of what is told of an event; null for plain text. */
  colour(event: RunEvent): 'red' | 'green' | null;
  /** The jobs under way as lines of at most `look.width` characters. There is at least one. */
  screen(jobs: readonly ShownJob[], times: { now: number; startedAt: number }, look: Look): string[];
}
