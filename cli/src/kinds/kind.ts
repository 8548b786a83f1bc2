import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { JobView } from '@parallel-pilot/shared/kinds/registry.ts';
import type { Api } from '../api/client.ts';
import type { Follow } from '../follow/follow.ts';
import type { RunEvent } from '../report/events.ts';
import type { Voice } from '../report/voice.ts';

/** A kind's part of the command line: all that commands for any job need to know of it. */
export interface CliKind {
  readonly voice: Voice;
  readonly follow: Follow;
  /** Fetches what a job came to so far into `<out>/…`. `missing` is a sentence; null when all that it can have is there. */
  save(
    api: Api,
    job: JobDetail,
    out: string,
    report: (event: RunEvent) => void,
    signal: AbortSignal,
    /** One of several results, in the words of the kind; null for what the job came to. */
    which: string | null,
  ): Promise<{ missing: string | null }>;
  /** Names and values for `pilot job`; none for a view of another kind. */
  facts(view: JobView): [string, string][];
}
