import type { Hours } from './hours.ts';
import type { Lending } from './lending.ts';
import type { Lent } from './lent.ts';
import type { Offer } from './resources.ts';
import { isWithin, nextChange } from './week-clock.ts';

/** What both allow, and no more. */
export function stricter(a: Lending, b: Lending): Lending {
  return withoutAbsent({
    threads: least(a.threads, b.threads),
    threadsPercent: least(a.threadsPercent, b.threadsPercent),
    memoryBytes: least(a.memoryBytes, b.memoryBytes),
    diskBytes: least(a.diskBytes, b.diskBytes),
    gpus: inBoth(a.gpus, b.gpus),
    kinds: inBoth(a.kinds, b.kinds),
    data: inBoth(a.data, b.data),
    hours: a.hours === undefined && b.hours === undefined ? undefined : distinct([a.hours, b.hours]),
    onlyIdle: a.onlyIdle || b.onlyIdle || undefined,
  });
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : Math.min(a, b ?? a);

const inBoth = (a: readonly string[] | undefined, b: readonly string[] | undefined): string[] | undefined =>
  a === undefined ? b && [...b] : a.filter((name) => b?.includes(name) ?? true);

const distinct = (lists: readonly (Hours[] | undefined)[]): Hours[] => [
  ...new Map(lists.flatMap((list) => list ?? []).map((hours) => [JSON.stringify(hours), hours])).values(),
];

type Absent<T> = { [Key in keyof T]: T[Key] | undefined };
const withoutAbsent = <T extends object>(all: Absent<T>): T =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T;

/** What is left of an offer under these terms, on a machine with so many threads. */
export function lentOffer(lending: Lending, offer: Offer, machineThreads: number): Offer {
  const { threads, threadsPercent, memoryBytes, diskBytes, gpus } = lending;
  const part =
    threadsPercent === undefined ? offer.threads : Math.floor((machineThreads * threadsPercent) / 100);
  return {
    threads: Math.max(1, Math.min(offer.threads, threads ?? offer.threads, part)),
    memoryBytes: Math.min(offer.memoryBytes, memoryBytes ?? offer.memoryBytes),
    diskBytes: Math.min(offer.diskBytes, diskBytes ?? offer.diskBytes),
    gpus:
      gpus === undefined
        ? offer.gpus
        : offer.gpus.filter(({ name, device = name }) => [name, device].some((it) => gpus.includes(it))),
    counts: offer.counts,
  };
}

/** Whether a worker with these terms is lent at a time; `inUse`: somebody else uses its machine then. */
export function lentAt({ hours = [], onlyIdle }: Lending, at: number, inUse: boolean): Lent {
  const timeZone = hours[0]?.timeZone ?? null;
  if (!hours.every((one) => isWithin(one, at)))
    return { open: false, because: 'hours', from: nextChange(hours, at), timeZone };
  if (onlyIdle === true && inUse) return { open: false, because: 'in-use', from: null, timeZone };
  return { open: true, until: hours.length === 0 ? null : nextChange(hours, at) };
}
