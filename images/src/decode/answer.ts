import { z } from 'zod';

/** What the child says. It decodes strangers' pictures, so its words are checked like theirs. */
export const Said = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ id: z.int(), ok: z.literal(true), width: z.int().positive(), height: z.int().positive() }),
  z.object({ id: z.int(), ok: z.literal(false), message: z.string().max(300) }),
]);
export type Said = z.infer<typeof Said>;
export type Answer = Exclude<Said, { ready: true }>;

/** Null for anything else than what it may say. */
export function parseSaid(line: string): Said | null {
  try {
    return Said.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
