import { DATA_FORMATS } from '@parallel-pilot/shared/kinds/training/data-formats.ts';
import { fetchedPart } from '../fetched-part.ts';
import type { SiteKind } from '../kind.ts';
import { listedByFraction } from '../listed-by-fraction.ts';
import { capabilities } from './capabilities.ts';
import { stageWords } from './stage-words.ts';
import { Thumbnail } from './Thumbnail.tsx';

export const training: SiteKind = {
  name: 'training',
  files: [
    { name: 'script', what: 'the script, a .py', extensions: ['.py'] },
    {
      name: 'data',
      what: 'the data, a .npz, .csv, .jsonl or .zip of pictures',
      extensions: DATA_FORMATS.map((format) => `.${format}`),
      without: 'Without a file of data',
    },
    {
      name: 'from',
      what: 'weights to start from, a .safetensors or .pt',
      // An .npz is taken for the data.
      extensions: ['.safetensors', '.pt', '.pth'],
      optional: true,
    },
  ],
  needs: 'Python and numpy',
  marks: /^\s*(?:import|from)\s+pilot\b/m,
  asks: 'a .py script and one file of data',
  sample: { title: 'Handwritten digits, learned in a minute', files: ['digits_mlp.py', 'digits.npz'] },
  offer: {
    title: 'To train: a .py and its data',
    text: 'The data as .npz, .csv, .jsonl, or a .zip with a folder of pictures per class.',
    instead: 'Train with it',
  },
  steps: ['Send the files', 'Choose settings', 'Train'],
  describe: null,
  options: null,
  again: async (submission) => (await import('./again.ts')).again(submission),
  Setup: fetchedPart(async () => (await import('./Setup.tsx')).Setup),
  Job: fetchedPart(async () => (await import('./TrainingJob.tsx')).TrainingJob),
  Compare: fetchedPart(async () => (await import('./Compare.tsx')).Compare),
  Sweep: fetchedPart(async () => (await import('./sweep/SweepPage.tsx')).SweepPage),
  capabilities,
  words: {
    preparing: 'Getting ready',
    goOn: 'Go on training',
    cancel: 'What was measured stays. The training does not go on, until you take it up again.',
    remove: 'Its model and curves are deleted with it.',
    failed: () => 'The training stopped',
  },
  Thumbnail,
  listed: (job) => listedByFraction(job, { done: 'the model is there', working: stageWords(job) }),
};
