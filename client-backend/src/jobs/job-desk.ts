import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { sentenceOf } from '../http/problems.ts';
import type { JobDesk } from '../kinds/kind.ts';
import type { LeaseUploads } from '../uploads/lease-uploads.ts';
import { announce } from './announce.ts';
import type { PartsWithEngine } from './engine.ts';
import { letGo } from './let-go.ts';
import { submit } from './submit.ts';

/** What kinds may have done with jobs. */
export const createJobDesk = (parts: PartsWithEngine, uploads: LeaseUploads): JobDesk => ({
  async submit(by, submission) {
    const parsed = CreateJob.safeParse(submission);
    if (parsed.success) return submit(parts, by, parsed.data);
    return { ok: false, code: 'invalid-request', message: sentenceOf(parsed.error) };
  },
  changed: (job) => announce(parts, job),
  taken: (lease, hash) => uploads.taken(lease, hash),
  letGo: (hashes) =>
    letGo(parts, hashes).catch((err) => parts.log.warn({ event: 'blobs.let-go-failed', err })),
  atEnd: (task) => parts.engine.atEnd(task),
});
