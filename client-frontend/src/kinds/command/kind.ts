import { formatPercent } from '../../components/format.ts';
import { fetchedPart } from '../fetched-part.ts';
import type { SiteKind } from '../kind.ts';
import { listedByFraction } from '../listed-by-fraction.ts';
import { Thumbnail } from './Thumbnail.tsx';

/** A command: any files, and what is run with them. */
export const command: SiteKind = {
  name: 'command',
  files: [{ name: 'files', what: 'a script, or a folder with one', extensions: [''], many: true }],
  marks: null,
  needs: 'Linux and bubblewrap',
  asks: 'a script or a folder to run a command with',
  sample: null,
  offer: {
    title: 'To run: a script or a folder',
    text: 'Any command, once or for each of many parameters or files.',
    instead: 'Run it as a command',
  },
  steps: ['Send the files', 'Say what runs', 'Run'],
  describe: null,
  options: null,
  again: null,
  Setup: fetchedPart(async () => (await import('./Setup.tsx')).Setup),
  Job: fetchedPart(async () => (await import('./CommandJob.tsx')).CommandJob),
  Compare: null,
  FarmSettings: fetchedPart(async () => (await import('./RefusedSettings.tsx')).RefusedSettings),
  // Hundreds of names. A job that no worker can run says what they lack.
  capabilities: { 'command.programs': () => [] },
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
