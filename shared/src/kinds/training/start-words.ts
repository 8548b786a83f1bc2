/** A training and one of its rounds as people write them: `job_…`, `job_…@best`, `job_…@last`, `job_…@12`; null for anything else. */
export function readStartJob(text: string): { job: string; round: 'best' | 'last' | number } | null {
  const [, job, round = 'best'] =
    /^(?:job_)?([0-9a-z]+)(?:@(best|last|[1-9]\d{0,4}))?$/.exec(text.trim()) ?? [];
  if (job === undefined) return null;
  return { job: `job_${job}`, round: round === 'best' || round === 'last' ? round : Number(round) };
}
