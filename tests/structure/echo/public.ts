import type { PublicKind } from '@parallel-pilot/shared/kinds/kind.ts';
import { z } from 'zod';

export const echoPublic = {
  name: 'echo',
  failures: { deaf: { retry: false, sentence: 'It was not heard.' } },
  sent: z.object({ kind: z.literal('echo'), words: z.array(z.string()) }),
  view: z.object({ kind: z.literal('echo'), first: z.string() }),
} satisfies PublicKind;
export type Words = z.infer<typeof echoPublic.sent>;
