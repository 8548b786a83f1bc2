import { z } from 'zod';
import { BlenderProbe } from './probe.ts';
import { RenderOverrides, RenderSettings } from './settings.ts';

/** What the API shows of a job that renders a .blend, beside what every job has. */
export const BlenderView = z.object({
  kind: z.literal('blender'),
  fileName: z.string(),
  scripts: z.boolean(),
  review: z.boolean(),
  /** What the probe found; null before. */
  probe: BlenderProbe.nullable(),
  /** What the user asked for beyond the file's own values. */
  overrides: RenderOverrides,
  /** Decided settings, or the defaults offered while the job is `ready`; null before the probe. */
  settings: z.union([RenderSettings, RenderOverrides]).nullable(),
});
export type BlenderView = z.infer<typeof BlenderView>;
