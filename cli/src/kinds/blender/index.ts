import { engineName } from '@parallel-pilot/shared/kinds/blender/resolve.ts';
import { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { followJob } from '../../follow/follow.ts';
import type { CliKind } from '../kind.ts';
import { frames } from './frames.ts';
import { saveResults } from './results.ts';
import { renderVoice } from './voice.ts';

export const blenderCli: CliKind = {
  voice: renderVoice,
  follow: (api, id, options) => followJob(frames, api, id, options),
  save: saveResults,
  facts(view) {
    if (view.kind !== 'blender') return [];
    const settings = RenderSettings.safeParse(view.settings).data;
    return [['File', view.fileName], ...(settings === undefined ? [] : settingFacts(settings))];
  },
};

const settingFacts = (s: RenderSettings): [string, string][] => {
  const size = [s.resolutionX, s.resolutionY].map((n) => Math.floor((n * s.percentage) / 100)).join('x');
  return [
    ['Frames', s.frames],
    ['Picture', `${size}, ${s.format} ${s.colorDepth} bit, ${engineName(s.engine)}, ${s.samples} samples`],
    ['Camera', `${s.camera ?? 'as the scene says'} in ${s.scene}`],
    ['Video', s.video === 'none' ? 'none' : `${s.video}, ${s.fps} frames/s`],
  ];
};
