import { z } from 'zod';
import { CountName } from './resources.ts';

/** "licence=1,seat=2", as it is set or typed. What is no count of a name is an issue of the schema. */
export function parseCounts(text: string, context: z.RefinementCtx<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const part of text.split(',').filter((it) => it.trim() !== '')) {
    const [, name, count] = /^\s*([^=\s]+)\s*=\s*(\d{1,7})\s*$/.exec(part) ?? [];
    if (name === undefined || !CountName.safeParse(name).success || Object.hasOwn(counts, name)) {
      context.addIssue({ code: 'custom', message: 'expected names with counts, such as licence=1,seat=2' });
      return z.NEVER;
    }
    counts[name] = Number(count);
  }
  return counts;
}
