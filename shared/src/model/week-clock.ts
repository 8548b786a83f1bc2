import { DAYS, type Day, type Hours, Span } from './hours.ts';

const DAY = 24 * 60;
const WEEK = 7 * DAY;
const MINUTE_MS = 60_000;

/** True where `at`, in ms since 1970, lies within the hours. */
export const isWithin = ({ timeZone, spans }: Hours, at: number): boolean =>
  covers(spans, weekClock(timeZone)(at));

/** Clocks everywhere are put forward and back on a quarter of an hour of UTC. */
const QUARTER_MS = 15 * MINUTE_MS;
/** A week, and a day for clocks that are changed. */
const AHEAD_MS = 8 * DAY * MINUTE_MS;

/** When it next comes to be, or is no more, within all of these hours; null where it stays as it is. In ms since 1970. */
export function nextChange(hours: readonly Hours[], at: number): number | null {
  const clocks = hours.map(({ timeZone, spans }) => ({ spans, minuteAt: weekClock(timeZone) }));
  const isOpen = (minutes: readonly number[], later: number): boolean =>
    clocks.every(({ spans }, index) => covers(spans, ((minutes[index] ?? 0) + later) % WEEK));
  const before = isOpen(
    clocks.map(({ minuteAt }) => minuteAt(at)),
    0,
  );
  for (let quarter = at - (at % QUARTER_MS); quarter < at + AHEAD_MS; quarter += QUARTER_MS) {
    const minutes = clocks.map(({ minuteAt }) => minuteAt(quarter));
    for (let later = 0; later < 15; later += 1) {
      const then = quarter + later * MINUTE_MS;
      if (then > at && isOpen(minutes, later) !== before) return then;
    }
  }
  return null;
}

const minuteOf = (time: string): number => 60 * Number(time.slice(0, 2)) + Number(time.slice(3));

/** `minute` is one of the week, from Monday 00:00 on. */
function covers(spans: readonly Span[], minute: number): boolean {
  return spans.some(({ days, from, to }) => {
    const start = minuteOf(from);
    const length = (minuteOf(to) - start + DAY) % DAY || DAY;
    return days.some((day) => (minute - DAYS.indexOf(day) * DAY - start + WEEK) % WEEK < length);
  });
}

/** What clocks of the time zone show: the minute of the week. */
function weekClock(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const day = DAYS.findIndex((name) => parts.weekday?.toLowerCase().startsWith(name));
    return day * DAY + 60 * Number(parts.hour) + Number(parts.minute);
  };
}

const GROUPS: Record<string, readonly Day[]> = {
  daily: DAYS,
  weekdays: DAYS.slice(0, 5),
  weekends: DAYS.slice(5),
};

/**
 * "22:00-06:00", "weekdays 20:00-07:00, sat-sun 00:00-24:00", "sun": spans as people type them. A message where it is
 * something else.
 */
export function parseSpans(text: string): { ok: true; spans: Span[] } | { ok: false; message: string } {
  const spans: Span[] = [];
  for (const part of text.split(',').map((it) => it.trim().toLowerCase())) {
    const [, named = 'daily', from = '00:00', to = '24:00'] = PART.exec(part) ?? [];
    const days = GROUPS[named] ?? daysNamed(named);
    const span = Span.safeParse({ days, from: padded(from), to: padded(to) });
    if (part === '' || !PART.test(part) || !span.success) return { ok: false, message: notHours(part) };
    spans.push(span.data);
  }
  return { ok: true, spans };
}

const PART = /^([a-z]+(?:[-+][a-z]+)*)?(?:(?:^| +)(\d{1,2}:\d{2}) ?- ?(\d{1,2}:\d{2}))?$/;
const padded = (time: string): string => time.padStart(5, '0');

const NAMES = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** Of "mon", "mon-fri", "fri-mon" and "mon+wed"; empty where a name is none of a day. */
function daysNamed(text: string): Day[] {
  const ranges = text.split('+').map((range) => {
    const [first = -1, last = first, ...more] = range
      .split('-')
      .map((name) => NAMES.findIndex((day) => name.length >= 3 && day.startsWith(name)));
    if (first < 0 || last < 0 || more.length > 0) return [];
    return Array.from(
      { length: ((last - first + 7) % 7) + 1 },
      (_, index) => DAYS[(first + index) % 7] as Day,
    );
  });
  return ranges.some((days) => days.length === 0) ? [] : ranges.flat();
}

const notHours = (part: string): string =>
  `"${part.slice(0, 60)}" is no span of hours. Write 22:00-06:00 for every day, or days before it: mon-fri 20:00-07:00, weekends 00:00-24:00.`;

/** The same spans as text. */
export const spansInWords = (spans: readonly Span[]): string =>
  spans.map(({ days, from, to }) => [...daysInWords(days), `${from}-${to}`].join(' ')).join(', ');

function daysInWords(days: readonly Day[]): string[] {
  const [group] = Object.entries(GROUPS).find(([, of]) => of.join() === days.join()) ?? [];
  if (group !== undefined) return group === 'daily' ? [] : [group];
  const [first = 'mon'] = days;
  const last = days.at(-1) ?? first;
  if (days.length === 1) return [first];
  if (DAYS.indexOf(last) - DAYS.indexOf(first) + 1 === days.length) return [`${first}-${last}`];
  return [days.join('+')];
}
