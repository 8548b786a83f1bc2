import { stripVTControlCharacters } from 'node:util';
import { oneLine } from '@parallel-pilot/shared/model/printable.ts';

/** Characters that a text takes on a terminal, colours aside. */
export const widthOf = (text: string): number => [...stripVTControlCharacters(text)].length;

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** Makes a plain text one line of at most so many characters, with an ellipsis where something was cut. */
export function fit(text: string, width: number): string {
  const line = oneLine(text);
  const letters = [...line];
  if (letters.length <= width) return line;
  return width <= 0 ? '' : `${letters.slice(0, width - 1).join('')}…`;
}

/** Breaks a plain text into lines of at most `width` characters, between words where that is possible. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const lines: string[] = [];
    let rest = [...line];
    while (rest.length > width) {
      const gap = rest.slice(0, width + 1).lastIndexOf(' ');
      const end = gap > width / 2 ? gap : width;
      lines.push(rest.slice(0, end).join('').trimEnd());
      rest = rest.slice(rest[end] === ' ' ? end + 1 : end);
    }
    return [...lines, rest.join('')];
  });
}

/** Rows under their headings, columns two blanks apart, the last one cut at `width`. */
export function table(headings: string[], rows: string[][], width: number): string[] {
  const all = [headings, ...rows].map((row) => row.map(oneLine));
  const widths = headings.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  return all.map((row) => {
    const last = row.length - 1;
    const before = row.slice(0, last).map((cell, column) => padEnd(cell, widths[column] ?? 0));
    const used = before.reduce((sum, cell) => sum + widthOf(cell) + 2, 0);
    return [...before, fit(row[last] ?? '', Math.max(10, width - used))].join('  ').trimEnd();
  });
}
