import { z } from 'zod';

/** A part of the time from a job's submission to its deadline. */
export const SlackPart = z.number().min(0).max(1);

/** Slack left at which a job with a deadline goes before others of its priority, and at which it may preempt lesser work; the latter is no more than the former. */
export const Escalation = z.object({ first: SlackPart, preempt: SlackPart });
export type Escalation = z.infer<typeof Escalation>;

/** What an admin set; null is what the farm was started with. */
export type OwnEscalation = { [Step in keyof Escalation]: Escalation[Step] | null };

export const STANDARD_ESCALATION: Escalation = { first: 0.2, preempt: 0.05 };

/** The steps that hold: what was set, else what the farm was started with, as far as that stays in order. */
export function escalationOf(own: OwnEscalation, defaults: Escalation): Escalation {
  const first = own.first ?? Math.max(defaults.first, own.preempt ?? 0);
  return { first, preempt: Math.min(own.preempt ?? defaults.preempt, first) };
}
