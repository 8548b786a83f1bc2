import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { JobView } from '@parallel-pilot/shared/kinds/public.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { Command } from 'commander';
import type { Api } from '../api/client.ts';
import type { Context } from '../context.ts';
import type { Follow } from '../follow/follow.ts';
import type { RunEvent } from '../report/events.ts';
import type { Presenter } from '../report/presenter.ts';
import type { CarryOut } from '../run/run-command.ts';

/** A kind's part of the command line: all that commands for any job need to know of it. */
export interface CliKind {
  /** What `pilot` says that it does: "counts words". */
  readonly does: string;
  /** Makes the command that submits a job of the kind and saves what it came to, or does something else with its plan. `exit` is told its exit code. */
  command(context: Context, exit: (code: number) => void, carryOut?: CarryOut): Command;
  /** How that command is called; null for one that submits no job, which no pipeline can have. */
  readonly verb: string | null;
  /** Further commands for jobs of the kind. */
  readonly more?: readonly ((context: Context) => Command)[];
  /** How that command may be used: "pilot count words.txt". */
  readonly example: string;
  /** What `pilot download` saves of such a job, as a sentence. */
  readonly saves: string;
  /** What `pilot download --which` can name of such a job; left out where there is nothing to choose. */
  readonly which?: string;
  /** The same as options of their own: one with a value names that, one without itself. */
  readonly choices?: readonly { option: string; does: string }[];
  /** What `pilot workers` says of what a worker can do for it. */
  readonly columns: readonly { title: string; of(capabilities: Capabilities): string }[];
  readonly presenter: Presenter;
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
