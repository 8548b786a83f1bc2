import { basename } from 'node:path';
import type { RunPlan } from '../../run/plan.ts';
import { blenderCli } from './index.ts';
import type { RenderRequest } from './request.ts';
import { saveResults } from './results.ts';

export type RenderOrder = {
  file: { path: string; name: string };
  request: RenderRequest;
  out: string;
  workers: number;
};

/** One .blend, or archive with one, rendered to a video and its frames. */
export const renderPlan = ({ file, request, out, workers }: RenderOrder): RunPlan => ({
  voice: blenderCli.voice,
  follow: blenderCli.follow,
  files: [file.path],
  workers,
  jobs: ([blob]) => {
    if (blob === undefined) throw new Error('a render without its file');
    const source = { blob, fileName: basename(file.path) };
    return [{ request: { kind: 'blender', source, name: file.name, ...request } }];
  },
  refusal(error) {
    if (error.choices.length === 0) return null;
    const choices = error.choices.map((choice) => `  --main ${choice}`).join('\n');
    return `${error.message}\nSay which with one of:\n${choices}`;
  },
  async save({ api, job, report, signal }) {
    const { missing, video, folder, frames } = await saveResults(api, job, out, report, signal);
    if (missing !== null) return { missing };
    return {
      missing,
      done: (seconds) => ({ event: 'render.done', job: job.id, seconds, video, folder, frames }),
    };
  },
});
