import { basename } from 'node:path';
import type { LocalFile } from '../../run/local-file.ts';
import { packFolder } from '../../run/pack-folder.ts';
import { type Making, ownFiles, type RunPlan } from '../../run/plan.ts';
import { followFrames } from './frames.ts';
import { renderPresenter } from './presenter.ts';
import type { RenderRequest } from './request.ts';
import { saveResults } from './results.ts';

export type RenderOrder = {
  file: Extract<LocalFile, { ok: true }>;
  request: RenderRequest;
  out: string;
  workers: number;
};

/** One .blend, or archive with one, rendered to a video and its frames. */
export const renderPlan = ({ file, request, out, workers }: RenderOrder): RunPlan => ({
  presenter: renderPresenter,
  follow: followFrames,
  files: (making) => (file.isFolder ? packed(file.path, making) : ownFiles(file.path)),
  workers,
  jobs: ([blob]) => {
    if (blob === undefined) throw new Error('a render without its file');
    const source = { blob, fileName: file.isFolder ? `${file.name}.zip` : basename(file.path) };
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

async function packed(path: string, { folder, report, signal }: Making) {
  const onProgress = (files: number, total: number) =>
    report({ event: 'pack.progress', folder: path, packed: files, total });
  const archive = await packFolder(path, folder, onProgress, signal);
  return { paths: [archive.path], remove: archive.remove };
}
