import type { Readable } from 'node:stream';
import { createLineReader } from './lines.ts';

export type ReadOutputOptions = {
  /** Characters of a line that are kept; see createLineReader. */
  maxLength: number;
  onLine(line: string): void;
  /** `onLine` threw. Nothing more is handed over. */
  onFault(error: unknown): void;
};

/** The part of this process's time that listening to one stream may take. */
const SHARE = 0.2;
/** Milliseconds of listening that are not counted, so that nobody is slowed down who says little. */
const AT_ONCE_MS = 50;

/**
 * Hands a child's output over line by line. A child that talks without end is
 * made to wait for its pipe, so that this process still does everything else;
 * `hurry` ends the waiting, for what is left of a child that has ended.
 */
export function readOutput(stream: Readable, { maxLength, onLine, onFault }: ReadOutputOptions) {
  let deaf = false;
  let hurried = false;
  let timer: NodeJS.Timeout | undefined;
  let owed = 0;
  let paidAt = performance.now();

  const reader = createLineReader(maxLength, (line) => {
    if (deaf) return;
    try {
      onLine(line);
    } catch (error) {
      deaf = true;
      onFault(error);
    }
  });
  const spend = (ms: number): void => {
    const now = performance.now();
    owed = Math.max(0, owed - (now - paidAt) * SHARE) + ms;
    paidAt = now;
    if (hurried || owed <= AT_ONCE_MS) return;
    stream.pause();
    timer = setTimeout(() => stream.resume(), (owed - AT_ONCE_MS) / SHARE);
  };
  stream.on('data', (bytes: Buffer) => {
    if (deaf) return;
    const began = performance.now();
    reader.push(bytes);
    spend(performance.now() - began);
  });
  stream.on('end', () => reader.end());

  const hurry = (): void => {
    hurried = true;
    clearTimeout(timer);
    stream.resume();
  };
  return {
    hurry,
    /** Hears no more, and lets the stream come to its end. */
    stop(): void {
      deaf = true;
      hurry();
    },
  };
}
