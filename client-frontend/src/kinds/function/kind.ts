import { IconBolt } from '@tabler/icons-react';
import { has, listOf } from '../capabilities.ts';
import { fetchedPart } from '../fetched-part.ts';
import type { SiteKind } from '../kind.ts';
import { Thumbnail } from './Thumbnail.tsx';

const RUNTIMES: Record<string, string> = { python: 'Python', javascript: 'JavaScript' };

/** Functions: deployed with "pilot function deploy", shown and called here. */
export const functionKind: SiteKind = {
  name: 'function',
  files: [],
  marks: null,
  needs: 'Linux and bubblewrap',
  asks: 'a handler in Python or JavaScript',
  sample: null,
  offer: null,
  steps: [],
  describe: null,
  options: null,
  again: null,
  Setup: null,
  Job: fetchedPart(async () => (await import('./FunctionJob.tsx')).FunctionJob),
  Compare: null,
  own: {
    at: 'functions',
    title: 'Functions',
    Icon: IconBolt,
    All: fetchedPart(async () => (await import('./FunctionsPage.tsx')).FunctionsPage),
    One: fetchedPart(async () => (await import('./FunctionPage.tsx')).FunctionPage),
  },
  capabilities: {
    'function.pythons': () => [],
    'function.packages': () => [],
    'function.runtimes': (value) =>
      listOf(value).length === 0
        ? []
        : [
            has(
              `Functions in ${listOf(value)
                .map((name) => RUNTIMES[name] ?? name)
                .join(' and ')}`,
            ),
          ],
  },
  words: {
    preparing: 'Starting its first instance',
    goOn: 'Keep its instances',
    cancel: 'Its instances end, and calls under way with them. The next call starts new ones.',
    remove: 'The function itself stays.',
    failed: () => 'Its instances have failed',
  },
  Thumbnail,
  listed: (job) => ({
    bar: null,
    text:
      job.state === 'failed'
        ? (job.problem?.message ?? '')
        : job.state === 'completed'
          ? 'its instances have ended'
          : 'takes calls',
    bad: job.state === 'failed',
  }),
};
