import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { engineName } from '@parallel-pilot/shared/kinds/blender/engine-name.ts';
import { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { Facts } from '../../components/Facts.tsx';
import { Panel } from '../../components/Panel.tsx';
import { FORMAT_NAMES, VIDEO_NAMES } from './names.ts';
import { renderOf } from './render-job.ts';

/** The settings a job is rendered with. */
export function Summary({ job }: { job: JobDetail }) {
  const render = renderOf(job);
  const parsed = RenderSettings.safeParse(render.settings);
  if (!parsed.success) return null;
  const s = parsed.data;
  const width = Math.max(1, Math.floor((s.resolutionX * s.percentage) / 100));
  const height = Math.max(1, Math.floor((s.resolutionY * s.percentage) / 100));
  const facts: [string, string][] = [
    ['File', render.fileName],
    ['Scene', s.camera === null ? s.scene : `${s.scene}, ${s.camera}`],
    ['Frames', s.frames.length > 80 ? `${s.frames.slice(0, 80)}…` : s.frames],
    ['Size', `${width} × ${height}${s.percentage === 100 ? '' : ` (${s.percentage} %)`}`],
    [
      'Engine',
      s.engine === 'BLENDER_WORKBENCH'
        ? engineName(s.engine)
        : `${engineName(s.engine)}, ${s.samples} samples`,
    ],
    ['Denoising', s.denoise ? 'on' : 'off'],
    ['Frames as', `${FORMAT_NAMES[s.format]}, ${s.colorDepth} bit${s.transparent ? ', transparent' : ''}`],
    ['Video', s.video === 'none' ? 'none' : `${VIDEO_NAMES[s.video].split(',')[0]}, ${s.fps} fps`],
    ['Scripts', render.scripts ? 'allowed to run' : 'off'],
  ];
  return (
    <Panel title="Settings">
      <Facts facts={facts} />
    </Panel>
  );
}
