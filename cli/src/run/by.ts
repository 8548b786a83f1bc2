import { momentInWords } from '@parallel-pilot/shared/model/end-words.ts';
import { Deadline } from '@parallel-pilot/shared/model/job-end.ts';
import type { Command } from 'commander';
import { SentenceError } from '../sentence-error.ts';

export const withBy = (
  command: Command,
  about = 'by when it should be done, such as "tomorrow 08:00" or "in 3 hours"',
): Command => command.option('--by <when>', about);

/**
 * A time in words as people write it, in the time zone of this machine, in ms since 1970; what has no date is the next
 * such time. Rejects with a sentence for what is no time, holds more than one, or is over.
 */
export async function readBy(text: string, now: number): Promise<number> {
  // A third of all modules of `pilot`, for those who say a time.
  const { parse } = await import('chrono-node');
  const found = parse(text, { instant: new Date(now) }, { forwardDate: true });
  const [only] = found;
  // Words that are left over may change what is meant: "not tomorrow".
  if (only === undefined || found.length > 1 || only.end != null || leftOver(text, only.text) !== '')
    throw new SentenceError(`--by ${JSON.stringify(text)} is no point in time. ${EXAMPLES}`);
  const at = only.date().getTime();
  if (at <= now)
    throw new SentenceError(`--by ${JSON.stringify(text)} is over: ${momentInWords(at, now)}. ${EXAMPLES}`);
  const deadline = Deadline.safeParse(at);
  if (!deadline.success) throw new SentenceError(`--by ${JSON.stringify(text)} is too far away. ${EXAMPLES}`);
  return deadline.data;
}

const EXAMPLES = 'Write for instance "tomorrow 08:00", "fri 18:30", "in 3 hours" or "2026-12-24 12:00".';

const leftOver = (text: string, part: string): string =>
  text
    .replace(part, '')
    .replace(/^\s*(by|until|till|before)\b/i, '')
    .replace(/[\s,.]+/g, '');
