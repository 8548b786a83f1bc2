import { setTimeout as pause } from 'node:timers/promises';
import type { JobLog } from '@parallel-pilot/shared/api/chunks.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { Command } from 'commander';
import type { Api } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { findJob } from '../api/find-job.ts';
import { patiently } from '../api/patience.ts';
import type { Context } from '../context.ts';
import { createPrintFollower, type Printed } from '../follow/prints.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { liveLines, logLines, printLines } from '../report/job-lines.ts';
import { takeInterrupts } from '../run/interrupts.ts';
import { print, printJson } from '../text/print.ts';

const LOOK_EVERY_MS = 1_000;

/** `pilot logs ID`: the notes of a job, the last lines of what failed of it, and what its scripts printed. */
export function logsCommand(context: Context): Command {
  const command = new Command('logs')
    .summary('show what a job said and why parts of it failed')
    .description(
      'Shows the notes of a job, the last lines of every part that failed, and the last lines\n' +
        'that its scripts printed where its kind shows them.',
    )
    .argument('<id>', 'id of the job, or enough of its beginning')
    .option('-f, --follow', 'go on with what is printed, until the job is over');
  withJson(withServer(command));
  withExamples(command, ['pilot logs 3fk2p9', 'pilot logs 3fk2p9 -f', 'pilot logs 3fk2p9 --json']);
  return command.action(async (text: string, flags: ApiFlags & { follow?: boolean }) => {
    const api = await connect(context.config, flags);
    const id = await findJob(api, text);
    const first = await api.log(id);
    if (flags.json) printJson(context.stdout, first, 2);
    else print(context.stdout, logLines(first));
    if (first.next === null) return;
    const rest = (prints: JobLog['prints']): void => {
      if (flags.json) for (const one of prints) printJson(context.stdout, one);
      else if (prints.length > 0) print(context.stdout, printLines(prints));
    };
    const live = (printed: Printed[]): void => {
      for (const one of printed) {
        if (flags.json) printJson(context.stdout, one);
        else print(context.stdout, liveLines(one));
      }
    };
    const next = await tellRest(api, id, first, rest);
    if (flags.follow === true && next !== null) await follow(api, id, next, live);
  });
}

/** The pages after the first, one by one: all together they may be more than fits the memory. Where to ask on from. */
async function tellRest(
  api: Api,
  id: JobId,
  first: JobLog,
  tell: (prints: JobLog['prints']) => void,
): Promise<string | null> {
  for (let { prints, next } = first; ; ) {
    if (next === null || prints.length === 0) return next;
    ({ prints, next } = await api.log(id, next));
    tell(prints);
  }
}

async function follow(api: Api, id: JobId, from: string, tell: (printed: Printed[]) => void): Promise<void> {
  const interrupts = takeInterrupts();
  const follower = createPrintFollower();
  try {
    for (let next = from; !interrupts.first.aborted; ) {
      // Asked before what was printed: when it was over by then, nothing comes after.
      const job = await patiently(() => api.job(id));
      tell(follower.underWay(job.progress));
      const log = await patiently(() => api.log(id, next));
      tell(follower.over(log.prints));
      next = log.next ?? next;
      if (log.prints.length > 0) continue;
      if (isOver(job.state)) return;
      await pause(LOOK_EVERY_MS, undefined, { signal: interrupts.first }).catch(() => undefined);
    }
  } finally {
    interrupts.release();
  }
}
