import type { Typed } from '@parallel-pilot/shared/kinds/command/typed-parameters.ts';
import { parse } from 'shell-quote';

/** The words of a command as a shell divides them, and nothing else that a shell does. */
export function splitWords(typed: string): Typed<string[]> {
  const words: string[] = [];
  const parts = parse(typed, (name) => `$${name}`);
  for (const part of parts) {
    if (typeof part === 'string') words.push(part);
    else if ('pattern' in part) words.push(part.pattern);
    else {
      const what = 'op' in part ? part.op : '#';
      const message = `No shell reads the command, so "${what}" does nothing here. Put it in quotes, or write sh -c '…'.`;
      return { ok: false, message };
    }
  }
  if (words.length > 0) return { ok: true, value: words };
  return { ok: false, message: 'Write the command, such as python3 sim.py --seed {index}.' };
}
