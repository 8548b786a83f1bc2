import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';
import { presence } from '../farm/count-capacity.ts';
import type { Farm } from '../farm/farm.ts';
import { AS_NOW, type ComingHours, hoursFrom } from '../prediction/coming-hours.ts';

/** The hours to come, for each that asks how long work will take. */
export type ExpectedHours = {
  /** By the forecast of the farm's load; else the present is taken to last. */
  forecast: boolean;
  /** For what is shared out evenly: whatever comes takes its part. */
  shared: ComingHours;
  /** For what goes before others of its team: what comes for other teams alone takes its part. */
  first: ComingHours;
  /** With luck: nobody leaves, and nothing comes. */
  hopeful: ComingHours;
};

export const PRESENT_HOURS: ExpectedHours = {
  forecast: false,
  shared: AS_NOW,
  first: AS_NOW,
  hopeful: AS_NOW,
};

/** Where there is no forecast of this day, or nobody here to compare it with, the present is all that is known. */
export function expectedHours(farm: Farm, now: number): ExpectedHours {
  const { speed } = presence(farm);
  const { forecast } = farm;
  const begun = forecast === null ? 0 : Math.floor((now - forecast.at) / QUARTER_MS);
  if (forecast === null || speed <= 0 || begun < 0 || begun >= forecast.quarters.length) return PRESENT_HOURS;
  const later = [...forecast.quarters.slice(begun + 1), ...forecast.quarters.slice(0, begun + 1)];
  const usual = speed * QUARTER_MS;
  const quarters = later.map(({ capacityMs, demandMs }) => ({
    capacity: capacityMs / usual,
    demand: demandMs / usual,
  }));
  const rest = forecast.at + (begun + 1) * QUARTER_MS - now;
  const nobodyLeaves = quarters.map((quarter) => ({ ...quarter, capacity: Math.max(1, quarter.capacity) }));
  return {
    forecast: true,
    shared: hoursFrom(rest, quarters, 1),
    first: hoursFrom(rest, quarters, otherTeams(farm)),
    hopeful: hoursFrom(rest, nobodyLeaves, 0),
  };
}

/** The part of the farm that is other teams', which are level with each other. */
const otherTeams = ({ shares }: Farm): number => 1 - 1 / Math.max(1, shares.size);
