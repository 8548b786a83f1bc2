import { z } from 'zod';
import { strictObject } from './strict-object.ts';

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

const time = (pattern: RegExp) => z.string().regex(pattern, 'expected a time of day, such as 22:00');

/** On each of these days, from the one time to the other: where that is not later, it is one of the day after. */
export const Span = strictObject({
  days: z
    .array(z.enum(DAYS))
    .min(1)
    .transform((days) => DAYS.filter((day) => days.includes(day))),
  from: time(/^([01]\d|2[0-3]):[0-5]\d$/),
  to: time(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/),
});
export type Span = z.infer<typeof Span>;

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false;
  }
};

export const TimeZone = z.string().max(64).refine(isTimeZone, 'expected a time zone, such as Europe/Berlin');

/**
 * Hours of the week, by the clocks of a time zone. Where these are put forward, hours that they skip do not come; where
 * they are put back, what they show twice counts twice.
 */
export const Hours = strictObject({ timeZone: TimeZone, spans: z.array(Span).min(1).max(32) });
export type Hours = z.infer<typeof Hours>;
