import { z } from 'zod';

/** What has to be known before Blender opens the file. */
export const BeforeOpening = {
  /**
   * Runs the scripts stored in the file. They do not run unless the owner says
   * so; left out, a file that would look different without them is not rendered
   * before its owner has decided.
   */
  scripts: z.boolean().optional(),
  /** What a frame that failed for good does to the others. */
  onFailure: z.enum(['finish-others', 'stop']).default('finish-others'),
};
