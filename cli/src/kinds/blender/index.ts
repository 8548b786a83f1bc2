import { engineName } from '@parallel-pilot/shared/kinds/blender/engine-name.ts';
import { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { CliKind } from '../kind.ts';
import { renderCommand } from './command.ts';
import { followFrames } from './frames.ts';
import { renderPresenter } from './presenter.ts';
import { saveResults } from './results.ts';

export const blenderCli: CliKind = {
  does: 'renders Blender files',
  command: renderCommand,
  verb: 'render',
  example: 'pilot render shot.blend --frames 1-48',
  saves: 'Of a render it saves the video and the frames, as far as they are done.',
  columns: [{ title: 'BLENDER', of: (capabilities) => String(capabilities['blender.version'] ?? '') }],
  presenter: renderPresenter,
  follow: followFrames,
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
