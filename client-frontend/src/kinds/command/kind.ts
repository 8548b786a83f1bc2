import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { formatPercent } from '../../components/format.ts';
import { fetchedPart } from '../fetched-part.ts';
import type { Listed, SiteKind } from '../kind.ts';
import { Thumbnail } from './Thumbnail.tsx';

/** A command, submitted with `pilot run` or by the API. */
export const command: SiteKind = {
  name: 'command',
  files: [],
  needs: 'a sandbox',
  asks: '',
  sample: null,
  offer: null,
  steps: [],
  describe: null,
  options: null,
  again: null,
  Setup: null,
  Job: fetchedPart(async () => (await import('./CommandJob.tsx')).CommandJob),
  Compare: null,
  capabilities: {},
  words: {
    preparing: 'Getting ready',
    goOn: 'Go on running',
    cancel: 'What was done stays. The other runs do not begin, until you take the job up again.',
    remove: 'What its runs left is deleted with it.',
    failed: () => 'The command stopped',
  },
  Thumbnail,
  listed,
};

function listed(job: JobSummary): Listed {
  switch (job.state) {
    case 'failed':
      return { bar: null, text: job.problem?.message ?? '', bad: true };
    case 'completed':
      return { bar: 'fraction', text: '100 % · the results are there' };
    case 'canceled':
      return { bar: 'fraction', text: `Stopped at ${formatPercent(job.fraction)}` };
    default:
      return { bar: 'fraction', text: formatPercent(job.fraction) };
  }
}
