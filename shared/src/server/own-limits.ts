import type { z } from 'zod';
import { type LimitName, OwnLimits, TeamLimits } from '../api/limits.ts';

type Row = { limits_json: string | null };

const read =
  <S extends z.ZodType>(schema: S) =>
  ({ limits_json }: Row): z.infer<S> =>
    schema.parse(JSON.parse(limits_json ?? '{}'));

/** What was set for a person or a team. */
export const ownLimitsOf = read(OwnLimits);
export const teamLimitsOf = read(TeamLimits);

/** The limit that holds: what was set, else the farm's; null where there is none. */
export function mostOf(own: OwnLimits, name: LimitName, farm: OwnLimits = {}): number | null {
  const most = own[name] ?? farm[name] ?? 'none';
  return most === 'none' ? null : most;
}

/** For how many days what the jobs of a team made is kept; null for ever. */
export function daysKept(own: TeamLimits, farm: TeamLimits): number | null {
  const days = own.retentionDays ?? farm.retentionDays ?? 'none';
  return days === 'none' ? null : days;
}
