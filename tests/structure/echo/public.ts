import type { PublicKind } from '@parallel-pilot/shared/kinds/kind.ts';
import { z } from 'zod';

export const echoSubmission = z.object({ kind: z.literal('echo'), words: z.array(z.string()) });

export const echoPublic = {
  name: 'echo',
  failures: { deaf: { retry: false, sentence: 'It was not heard.' } },
  view: z.object({ kind: z.literal('echo'), first: z.string() }),
} satisfies PublicKind;
export type Words = z.infer<typeof echoSubmission>;
