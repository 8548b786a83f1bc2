import { z } from 'zod';
import { RunsView } from '../command/view.ts';

/** What the API shows of a command in an image, beside what every job has. */
export const ContainerView = RunsView.extend({
  kind: z.literal('container'),
  image: z.object({
    from: z.enum(['archive', 'reference', 'build']),
    name: z.string(),
    /** Null until the farm has it. `bytes` are those of its layers. */
    taken: z
      .object({
        id: z.string(),
        platform: z.string(),
        layers: z.int().nonnegative(),
        bytes: z.int().nonnegative(),
        /** Stands before the words of the command. */
        entrypoint: z.array(z.string()),
      })
      .nullable(),
  }),
  network: z.boolean(),
});
export type ContainerView = z.infer<typeof ContainerView>;
