import { BlenderFailure } from '@parallel-pilot/shared/kinds/blender/failures.ts';
import { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { z } from 'zod';
import type { Opening } from './task.ts';

/** Of the cards that a frame may use, by platform. */
export type Numbers = Record<'cuda' | 'hip' | 'oneapi' | 'metal', number[]>;

/** What the worker tells the bridge; paths are absolute. */
export type Command =
  | ({ op: 'open'; path: string; savedBy: string } & Opening)
  | { op: 'probe' }
  /** `display` is where the PNG of a scene-linear frame goes. Several views go beside `output`: frame_0.exr, frame_1.exr. */
  | {
      op: 'render';
      frame: number;
      output: string;
      display: string | null;
      settings: RenderSettings;
      cards: Numbers | null;
    }
  | { op: 'mix'; scene: string; first: number; last: number; output: string }
  | { op: 'decode'; path: string }
  | { op: 'detect'; folder: string };

export const Found = z.object({
  engines: z.array(z.string().max(64)).max(64),
  denoiser: z.boolean(),
  devices: z.array(z.string()).max(64),
});
export type Found = z.infer<typeof Found>;

/** What each command comes to. */
export const RESULTS = {
  open: z.object({ fileVersion: z.string() }),
  probe: BlenderProbe,
  render: z.object({ renderMs: z.number().nonnegative() }),
  mix: z.object({}),
  decode: z.object({ width: z.int(), height: z.int() }),
  detect: Found,
} as const satisfies Record<Command['op'], z.ZodType>;
export type ResultOf<C extends Command> = z.infer<(typeof RESULTS)[C['op']]>;

/** Longer ones are a script's: nobody reads them, and searching them takes its time. */
const LONGEST_SENTENCE = 2_000;
const common = { id: z.int(), ms: z.number().nonnegative(), rss: z.number().nonnegative() };

/** The bridge's reply to one command. `ms` is the time it took in Blender, `rss` resident memory in bytes. */
export const Reply = z.discriminatedUnion('ok', [
  z.object({ ...common, ok: z.literal(true), result: z.unknown() }),
  z.object({
    ...common,
    ok: z.literal(false),
    code: BlenderFailure.nullable(),
    message: z.string().transform((text) => text.slice(0, LONGEST_SENTENCE)),
  }),
]);
export type Reply = z.infer<typeof Reply>;

/** What the bridge says unasked. `ending`: Python is being shut down, which only a script or Blender itself does. */
export const BridgeEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('hello'), version: z.string().max(64) }),
  z.object({ event: z.literal('ending') }),
  z.object({ event: z.literal('found'), found: Found }),
]);
export type BridgeEvent = z.infer<typeof BridgeEvent>;

export const BridgeMessage = z.union([BridgeEvent, Reply]);
