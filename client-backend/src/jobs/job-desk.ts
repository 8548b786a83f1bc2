import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { sentenceOf } from '../http/problems.ts';
import type { JobDesk } from '../kinds/kind.ts';
import { announce } from './announce.ts';
import type { PartsWithEngine } from './engine.ts';
import { submit } from './submit.ts';

/** What kinds may have done with jobs. */
export const createJobDesk = (parts: PartsWithEngine): JobDesk => ({
  async submit(by, submission) {
    const parsed = CreateJob.safeParse(submission);
    if (parsed.success) return submit(parts, by, parsed.data);
    return { ok: false, code: 'invalid-request', message: sentenceOf(parsed.error) };
  },
  changed: (job) => announce(parts, job),
  atEnd: (task) => parts.engine.atEnd(task),
});
