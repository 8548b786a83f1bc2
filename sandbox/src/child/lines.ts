import { StringDecoder } from 'node:string_decoder';

export type LineReader = { push(bytes: Buffer): void; end(): void };

/**
 * Cuts a byte stream into lines at LF, CR or CRLF (CR alone is how programs
 * redraw a progress line). Holds at most `maxLength` characters: of a longer
 * line the beginning is handed over once, with an ellipsis, and the rest is
 * dropped, so that a child which never ends its line costs no memory.
 */
export function createLineReader(maxLength: number, onLine: (line: string) => void): LineReader {
  const decoder = new StringDecoder('utf8');
  let held = '';
  let cut = false;

  const take = (text: string): void => {
    if (cut) return;
    held += text;
    if (held.length <= maxLength) return;
    held = `${held.slice(0, maxLength)}…`;
    cut = true;
  };
  const flush = (): void => {
    const line = held;
    held = '';
    cut = false;
    if (line !== '') onLine(line);
  };
  const read = (text: string): void => {
    const parts = text.split(/[\r\n]+/);
    parts.forEach((part, index) => {
      if (index > 0) flush();
      take(part);
    });
  };

  return {
    push: (bytes) => read(decoder.write(bytes)),
    end() {
      read(decoder.end());
      flush();
    },
  };
}
