import { styleText } from 'node:util';
import { fit, padEnd, widthOf } from '../text/columns.ts';
import { bytes, duration } from '../text/units.ts';
import type { JobProgress } from './events.ts';
import type { ScreenModel, SeenWorker } from './screen-model.ts';

export type Look = { width: number; colour: boolean; maxWorkers: number };

/** The screen as lines of at most `width` characters: one for the whole, then one for each worker. */
export function screenLines(model: ScreenModel, now: number, look: Look): string[] {
  const elapsed = duration((now - model.startedAt) / 1_000);
  const { phase } = model;
  switch (phase.name) {
    case 'starting':
      return [`${spinner(now, look)} ${fit(`${phase.text} …`, look.width - 3)}`];
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
    case 'working': {
      if (model.lost !== null) {
        const text = fit(`Waiting for the farm at ${model.lost} to answer again …`, look.width - 3);
        return [`${spinner(now, look)} ${paint('yellow', text, look)}`];
      }
      return workingLines(model, phase.progress, phase.etaAt, now, elapsed, look);
    }
    default:
      return phase satisfies never;
  }
}

function workingLines(
  model: ScreenModel,
  progress: JobProgress,
  etaAt: number,
  now: number,
  elapsed: string,
  look: Look,
): string[] {
  if (progress.state === 'probing') {
    const what = progress.workers.length === 0 ? 'Waiting for a worker to read the file' : 'Reading the file';
    return [`${spinner(now, look)} ${what} ${paint('dim', elapsed, look)}`];
  }
  if (progress.state === 'stitching') {
    return [wholeLine('Putting together', progress.stitching ?? 0, elapsed, look)];
  }
  const under = progress.workers.reduce((sum, worker) => sum + worker.fraction, 0);
  const fraction = share(Math.min(progress.done + under, progress.total), progress.total);
  const left =
    progress.eta_seconds === null
      ? ''
      : ` · ${duration(Math.max(0, progress.eta_seconds - (now - etaAt) / 1_000))} left`;
  const failed = progress.failed === 0 ? '' : ` · ${progress.failed} failed`;
  const right = `${progress.done}/${progress.total} frames${failed} · ${elapsed}${left}`;
  const word = progress.state === 'paused' ? 'Paused' : progress.state === 'queued' ? 'Waiting' : 'Rendering';
  return [wholeLine(word, fraction, right, look), ...workerLines(model.workers, now, look)];
}

// Between two short frames a worker has nothing to report for a moment: that is not waiting yet.
const WAITS_AFTER_MS = 1_500;

function workerLines(workers: SeenWorker[], now: number, look: Look): string[] {
  const shown = workers.slice(0, look.maxWorkers);
  const nameWidth = Math.min(24, Math.max(...shown.map((worker) => widthOf(worker.name)), 0));
  const barWidth = Math.min(30, Math.max(5, Math.floor((look.width - nameWidth - 8) * 0.4)));
  const lines = shown.map(({ name, last, idleSince }) => {
    const label = padEnd(fit(name, nameWidth), nameWidth);
    const waits = idleSince !== null && now - idleSince > WAITS_AFTER_MS;
    const text = waits ? 'waiting' : [last.label, last.detail].filter(Boolean).join(' · ');
    const rest = look.width - nameWidth - barWidth - 7;
    const said = paint(waits ? 'dim' : 'none', fit(text, Math.max(0, rest)), look);
    return `  ${label}  ${bar(waits ? 0 : last.fraction, barWidth, look)}  ${said}`;
  });
  const hidden = workers.length - shown.length;
  return hidden === 0 ? lines : [...lines, `  and ${hidden} more workers`];
}

function wholeLine(word: string, fraction: number, right: string, look: Look): string {
  const percent = `${Math.floor(fraction * 100)}`.padStart(3);
  const head = padEnd(word, 9);
  const free = look.width - widthOf(head) - 10;
  // The text gets its room first and the same at all times: a bar that changes its length cannot be read.
  const barWidth = Math.max(5, Math.min(40, free - 34));
  const text = fit(right, Math.max(0, free - barWidth));
  return `${paint('bold', head, look)}  ${bar(fraction, barWidth, look)} ${percent} %  ${text}`;
}

function bar(fraction: number, width: number, look: Look): string {
  const halves = Math.round(Math.min(1, Math.max(0, fraction)) * width * 2);
  const full = '━'.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? '╸' : '');
  const rest = '─'.repeat(width - Math.ceil(halves / 2));
  return paint(fraction >= 1 ? 'green' : 'cyan', full, look) + paint('dim', rest, look);
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const spinner = (now: number, look: Look): string =>
  paint('cyan', FRAMES[Math.floor(now / 100) % FRAMES.length] ?? '', look);

type Paint = 'cyan' | 'green' | 'yellow' | 'dim' | 'bold' | 'none';
const paint = (how: Paint, text: string, { colour }: Look): string =>
  colour && how !== 'none' && text !== '' ? styleText(how, text, { validateStream: false }) : text;
