import { formatPercent } from '../../components/format.ts';
import { fetchedPart } from '../fetched-part.ts';
import type { SiteKind } from '../kind.ts';
import { listedByFraction } from '../listed-by-fraction.ts';
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
  listed: (job) =>
    listedByFraction(job, { done: 'the results are there', working: formatPercent(job.fraction) }),
};
