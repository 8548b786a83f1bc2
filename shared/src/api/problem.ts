import { z } from 'zod';

/** RFC 9457 problem document. `code` is the stable name of the problem, `detail` the sentence to show. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  /** Choices that would settle the problem, such as the files of an archive that could be meant. */
  choices: z.array(z.string()).optional(),
});
export type Problem = z.infer<typeof Problem>;
