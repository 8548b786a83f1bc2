import { styleText } from 'node:util';
import { fit, padEnd, widthOf } from '../text/columns.ts';
import { duration } from '../text/units.ts';
import { doing } from './doing.ts';
import type { SeenWorker, ShownJob } from './screen-model.ts';

/** `rows`: lines that there is room for below the first. */
export type Look = { width: number; colour: boolean; rows: number };

// Between two short chunks a worker has nothing to report for a moment: that is not waiting yet.
const WAITS_AFTER_MS = 1_500;

/** A line for each worker: its name, a bar, and what it is at. */
export function workerLines(workers: SeenWorker[], now: number, look: Look): string[] {
  const shown = workers.slice(0, look.rows);
  const nameWidth = Math.min(24, Math.max(...shown.map((worker) => widthOf(worker.name)), 0));
  const barWidth = Math.min(30, Math.max(5, Math.floor((look.width - nameWidth - 8) * 0.4)));
  const lines = shown.map(({ name, last, idleSince }) => {
    const label = padEnd(fit(name, nameWidth), nameWidth);
    const waits = idleSince !== null && now - idleSince > WAITS_AFTER_MS;
    const text = waits ? 'waiting' : doing(last);
    const rest = look.width - nameWidth - barWidth - 7;
    const said = paint(waits ? 'dim' : 'none', fit(text, Math.max(0, rest)), look);
    return `  ${label}  ${bar(waits ? 0 : last.fraction, barWidth, look)}  ${said}`;
  });
  const hidden = workers.length - shown.length;
  return hidden === 0 ? lines : [...lines, `  and ${hidden} more workers`];
}

/** The line of the whole: what is done, a bar, percent, and a text. */
export function wholeLine(word: string, fraction: number, right: string, look: Look): string {
  const percent = `${Math.floor(fraction * 100)}`.padStart(3);
  const head = padEnd(word, 9);
  const free = look.width - widthOf(head) - 10;
  // The text gets its room first and the same at all times: a bar that changes its length cannot be read.
  const barWidth = Math.max(5, Math.min(40, free - 34));
  const text = fit(right, Math.max(0, free - barWidth));
  return `${paint('bold', head, look)}  ${bar(fraction, barWidth, look)} ${percent} %  ${text}`;
}

/** " · 0:30 to 0:48 left", counted on since it was told; '' while nothing is known. */
export function leftOf({ progress, etaAt }: ShownJob, now: number): string {
  const eta = progress?.eta_seconds ?? null;
  if (progress === null || eta === null) return '';
  const left = (seconds: number) => duration(Math.max(0, seconds - (now - etaAt) / 1_000));
  const { from, to } = progress.eta_range ?? { from: eta, to: eta };
  return left(from) === left(to) ? ` · ${left(to)} left` : ` · ${left(from)} to ${left(to)} left`;
}

export function bar(fraction: number, width: number, look: Look): string {
  const halves = Math.round(Math.min(1, Math.max(0, fraction)) * width * 2);
  const full = '━'.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? '╸' : '');
  const rest = '─'.repeat(width - Math.ceil(halves / 2));
  return paint(fraction >= 1 ? 'green' : 'cyan', full, look) + paint('dim', rest, look);
}

export const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** A line of something of which nobody knows how long it takes. */
export function spinnerLine(text: string, now: number, look: Look, how: Paint = 'none'): string {
  const spinner = paint('cyan', SPINNER[Math.floor(now / 100) % SPINNER.length] ?? '', look);
  return `${spinner} ${paint(how, fit(text, look.width - 3), look)}`;
}

export type Paint = 'cyan' | 'green' | 'yellow' | 'dim' | 'bold' | 'none';
export const paint = (how: Paint, text: string, { colour }: Look): string =>
  colour && how !== 'none' && text !== '' ? styleText(how, text, { validateStream: false }) : text;
