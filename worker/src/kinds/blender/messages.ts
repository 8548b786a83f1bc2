import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { FailureCode } from '@parallel-pilot/shared/protocol/failures.ts';
import { z } from 'zod';
import type { Opening } from './task.ts';

/** What the worker tells the bridge; paths are absolute. */
export type Command =
  | ({ op: 'open'; path: string; savedBy: string } & Opening)
  | { op: 'probe' }
  | { op: 'render'; frame: number; output: string; settings: RenderSettings }
  | { op: 'decode'; path: string }
  | { op: 'detect'; folder: string };

/** The bridge's reply to one command. `ms` is the time it took in Blender, `rss` resident memory in bytes. */
export const Reply = z.intersection(
  z.object({ id: z.int(), ms: z.number(), rss: z.number() }),
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), result: z.unknown() }),
    z.object({ ok: z.literal(false), code: FailureCode.nullable(), message: z.string() }),
  ]),
);
export type Reply = z.infer<typeof Reply>;

export const Found = z.object({
  engines: z.array(z.string()),
  denoiser: z.boolean(),
  devices: z.array(z.string()),
});
export type Found = z.infer<typeof Found>;

/** What the bridge says unasked. `ending`: Python is being shut down, which only a script or Blender itself does. */
export const BridgeEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('hello'), version: z.string() }),
  z.object({ event: z.literal('ending') }),
  z.object({ event: z.literal('found'), found: Found }),
]);
export type BridgeEvent = z.infer<typeof BridgeEvent>;

export const RenderReply = z.object({ renderMs: z.number() });
export const DecodeReply = z.object({ width: z.int(), height: z.int() });
