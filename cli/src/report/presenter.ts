import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { KindEvent, RunEvent } from './events.ts';
import type { ShownJob } from './screen-model.ts';
import type { Look } from './screen-parts.ts';

/** Turns events of one kind of job into text; reporters themselves know only what all jobs have in common. */
export interface Presenter {
  /** What a log says when a job comes into a state; nothing where it is left out. */
  readonly states: Partial<Record<JobStatus, string>>;
  /** Permanent lines for an event that only this kind emits; none for an event of another kind. */
  lines(event: KindEvent, every: boolean): string[];
  /** The colour of an event's lines; null for plain text. */
  colour(event: RunEvent): 'red' | 'green' | null;
  /** The jobs under way as lines of at most `look.width` characters. There is at least one. */
  screen(jobs: readonly ShownJob[], times: { now: number; startedAt: number }, look: Look): string[];
}
