import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { lazy } from 'react';
import { formatCount, formatPercent, plural } from '../../components/format.ts';
import { fetchedPart } from '../fetched-part.ts';
import type { Listed, SiteKind } from '../kind.ts';
import { capabilities } from './capabilities.ts';
import { readOptions } from './creation-options.ts';
import { STEPS } from './names.ts';
import { Thumbnail } from './Thumbnail.tsx';

export const blender: SiteKind = {
  name: 'blender',
  files: [{ name: 'source', what: 'a .blend, or a .zip with one', extensions: ['.blend', '.zip'] }],
  needs: 'Blender',
  marks: null,
  asks: 'one .blend (or a .zip with one and its textures)',
  sample: { title: 'A small planet, 48 frames', files: ['orbit.blend'] },
  offer: {
    title: 'To render: a .blend',
    text: 'Or a .zip with one, its textures and linked libraries.',
    instead: 'Render it',
  },
  steps: STEPS,
  describe(sources, options, main) {
    const { scripts, onFailure } = readOptions(options);
    const { source } = sources;
    if (source === undefined) throw new Error('a render without its file');
    const job = { kind: 'blender', source, scripts, onFailure, review: true } as const;
    return main === undefined ? job : { ...job, main };
  },
  options: {
    title: 'Before a .blend is opened',
    Options: lazy(async () => ({ default: (await import('./Options.tsx')).Options })),
  },
  again: async (submission) => (await import('./again.ts')).again(submission),
  Setup: null,
  Job: fetchedPart(async () => (await import('./RenderJob.tsx')).RenderJob),
  Compare: null,
  capabilities,
  words: {
    preparing: 'Reading the file',
    goOn: 'Go on rendering',
    cancel:
      'Frames that are done stay and can be downloaded. The rest is not rendered, until you take it up again.',
    remove: 'Its frames and video are deleted with it.',
    failed: ({ counts, stage }) =>
      counts.done > 0 && stage !== 'probe' ? 'Some frames are missing' : 'This job failed',
  },
  Thumbnail,
  listed,
};

function listed(job: JobSummary): Listed {
  const { counts, stage } = job;
  if (stage === 'probe' || counts.total === 0) {
    return { bar: null, text: beforeFrames(job), bad: job.state === 'failed' };
  }
  const failed = counts.failed > 0 ? ` · ${formatCount(counts.failed)} failed` : '';
  const share = formatPercent(counts.done / counts.total);
  return {
    bar: 'chunks',
    text: `${share} · ${formatCount(counts.done)} of ${plural(counts.total, 'frame')}${failed}`,
  };
}

function beforeFrames(job: JobSummary): string {
  switch (job.state) {
    case 'failed':
      return job.problem?.message ?? '';
    case 'ready':
      return 'Choose the settings to begin';
    case 'canceled':
      return 'Canceled before it began';
    default:
      return job.counts.running > 0 ? 'A worker looks into it' : 'Waiting for a worker';
  }
}
