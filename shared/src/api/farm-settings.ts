import { z } from 'zod';
import { Escalation, SlackPart } from '../model/escalation.ts';
import { strictObject } from '../model/strict-object.ts';

/** GET /api/v1/settings, for admins: what is set for the whole farm; null is what it was started with, `defaults`. */
export const FarmSettings = z.object({
  deadlines: z.object({
    /** Slack left, as a part of the time from a job's submission to its deadline: see `Escalation`. */
    first: SlackPart.nullable(),
    preempt: SlackPart.nullable(),
    defaults: Escalation,
  }),
  notifications: z.object({
    /** Webhooks may lead to addresses of private networks, and of the farm's own machine. */
    privateAddresses: z.boolean(),
  }),
  /** Of jobs of a kind, by its name: as `farmSettings` of the kind has it. */
  kinds: z.record(z.string(), z.unknown()),
});
export type FarmSettings = z.infer<typeof FarmSettings>;

/** PATCH /api/v1/settings: null is what the farm was started with; what is absent stays. */
export const PatchFarmSettings = strictObject({
  deadlines: strictObject({
    first: SlackPart.nullable().optional(),
    preempt: SlackPart.nullable().optional(),
  }).optional(),
  notifications: strictObject({ privateAddresses: z.boolean().optional() }).optional(),
  /** Whole, of the kinds that are named. */
  kinds: z.record(z.string().max(40), z.unknown()).optional(),
});
export type PatchFarmSettings = z.infer<typeof PatchFarmSettings>;
