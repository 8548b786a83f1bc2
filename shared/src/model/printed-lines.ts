import { printable } from './printable.ts';

/** What colours text, moves the cursor or titles a window: ECMA-48, 5.4 and 8.3.89. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that are looked for
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b\n]*(?:\u0007|\u001b\\))/g;
/** Everything of a line that a later part of it was printed over, as progress bars are. */
const PRINTED_OVER = /[^\n]*\r(?!\n)/g;

/**
 * The last lines of what a program printed, as they may be shown: whole ones, `most` characters at
 * most together, without control characters. Of a line that is longer, its end.
 */
export function lastLines(text: string, most: number): string {
  // What goes is never most of it, but a flood of control characters must not cost more than it shows.
  const shown = printable(
    text
      .slice(-4 * most)
      .replace(SEQUENCES, '')
      .replace(PRINTED_OVER, ''),
  );
  if (shown.length <= most && text.length <= 4 * most) return shown.toWellFormed();
  const end = shown.slice(-most);
  const first = end.indexOf('\n');
  return (first === -1 || first === end.length - 1 ? end : end.slice(first + 1)).toWellFormed();
}

/**
 * The lines of `now` that were not in `before`, both the last lines of one program. A line that is not
 * ended is new once it is. All of `now` where nothing of `before` is left in it.
 */
export function newLines(before: string, now: string): string[] {
  const known = wholeLines(before);
  const lines = wholeLines(now);
  if (known.length === 0) return lines;
  const whole = lines.findLastIndex((_, end) => endsWith(lines, end, known));
  if (whole !== -1) return lines.slice(whole + 1);
  for (let from = 1; from < known.length; from += 1) {
    const rest = known.slice(from);
    if (rest.every((line, index) => line === lines[index])) return lines.slice(rest.length);
  }
  return lines;
}

const wholeLines = (text: string): string[] => text.split('\n').slice(0, -1);

/** Whether the lines up to and with `end` end with all of `known`. */
const endsWith = (lines: readonly string[], end: number, known: readonly string[]): boolean =>
  end + 1 >= known.length && known.every((line, index) => line === lines[end + 1 - known.length + index]);
