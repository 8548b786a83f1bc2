import { bytes } from '../text/units.ts';
import type { Presenter } from './presenter.ts';
import type { ScreenModel } from './screen-model.ts';
import { type Look, share, spinnerLine, wholeLine } from './screen-parts.ts';

/** The screen as lines of at most `width` characters: one for the whole, then one for each part of it. */
export function screenLines(model: ScreenModel, presenter: Presenter, now: number, look: Look): string[] {
  const { phase, jobs, startedAt } = model;
  switch (phase.name) {
    case 'starting':
      return [spinnerLine(`${phase.text} …`, now, look)];
    case 'uploading': {
      const seconds = (now - phase.since) / 1_000;
      const speed = seconds > 0.5 ? ` · ${bytes(Math.round(phase.sent / seconds))}/s` : '';
      const right = `${bytes(phase.sent)} of ${bytes(phase.total)}${speed}`;
      return [wholeLine('Uploading', share(phase.sent, phase.total), right, look)];
    }
    case 'saving':
      return [
        wholeLine('Saving', share(phase.saved, phase.total), `${phase.saved}/${phase.total} files`, look),
      ];
    case 'working':
      return model.lost === null
        ? presenter.screen(jobs, { now, startedAt }, look)
        : [spinnerLine(`Waiting for the farm at ${model.lost} to answer again …`, now, look, 'yellow')];
    default:
      return phase satisfies never;
  }
}
