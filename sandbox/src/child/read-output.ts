import type { Readable } from 'node:stream';
import { createLineReader } from './lines.ts';

export type ReadOutputOptions = {
  /** Characters of a line that are kept; see createLineReader. */
  maxLength: number;
  onLine(line: string): void;
  /** The bytes themselves, before the lines that they end. */
  onBytes?(bytes: Buffer): void;
  /** `onLine` threw. Nothing more is handed over. */
  onFault(error: unknown): void;
};

/** The part of this process's time that reading one stream may take. */
const SHARE = 0.2;
/** Milliseconds of reading that are not counted, so that a child with little output is not slowed down. */
const AT_ONCE_MS = 50;

/**
 * Hands a child's output over line by line. A child that prints without end is
 * made to wait for its pipe, so that this process still does everything else.
 * `hurry` reads without pauses, for the rest of the output of a child that has ended.
 */
export function readOutput(
  stream: Readable,
  { maxLength, onLine, onBytes = () => {}, onFault }: ReadOutputOptions,
) {
  let stopped = false;
  let hurried = false;
  let timer: NodeJS.Timeout | undefined;
  let owed = 0;
  let paidAt = performance.now();

  const hand = (act: () => void): void => {
    if (stopped) return;
    try {
      act();
    } catch (error) {
      stopped = true;
      onFault(error);
    }
  };
  const reader = createLineReader(maxLength, (line) => hand(() => onLine(line)));
  const spend = (ms: number): void => {
    const now = performance.now();
    owed = Math.max(0, owed - (now - paidAt) * SHARE) + ms;
    paidAt = now;
    if (hurried || owed <= AT_ONCE_MS) return;
    stream.pause();
    timer = setTimeout(() => stream.resume(), (owed - AT_ONCE_MS) / SHARE);
  };
  stream.on('data', (bytes: Buffer) => {
    if (stopped) return;
    const began = performance.now();
    hand(() => onBytes(bytes));
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
    /** Hands over no more lines, and drains the stream. */
    stop(): void {
      stopped = true;
      hurry();
    },
  };
}
