import type { EndOutlook } from './end-outlook.ts';
import type { EndRange } from './job-end.ts';

/** "1 h 05 min", "35 min", "under a minute": of what is only estimated. */
export function spanInWords(ms: number): string {
  const minutes = Math.round(Math.max(0, ms) / 60_000);
  if (minutes < 1) return 'under a minute';
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24)
    return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** "done between 14:05 and 14:20", where this is read; of what is near by seconds: "done in 20 to 40 s". */
export function rangeInWords({ from, to }: Pick<EndRange, 'from' | 'to'>, now: number): string {
  const [least, most] = [from, to].map((at) => Math.max(0, Math.round((at - now) / 1_000)));
  if (most === undefined || least === undefined || most < 5) return 'done in a moment';
  if (most < 100) return least === most ? `done in ${most} s` : `done in ${least} to ${most} s`;
  const [first, last] = [clock(Math.max(from, now)), clock(to)];
  const [day, lastDay] = [dayOf(Math.max(from, now), now), dayOf(to, now)];
  if (day === lastDay) {
    const when = day === '' ? '' : `${day} `;
    return first === last ? `done ${when}at about ${first}` : `done ${when}between ${first} and ${last}`;
  }
  return `done between ${day} ${first} and ${lastDay} ${last}`.replace('between  ', 'between ');
}

/** "today, 18:00", "tomorrow, 08:00", "3 Dec, 08:00", where this is read. */
export const momentInWords = (at: number, now: number): string =>
  `${dayOf(at, now) || 'today'}, ${clock(at)}`;

const clock = (at: number): string =>
  new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

const midnight = (at: number): number => new Date(at).setHours(0, 0, 0, 0);

/** '' for the present day. */
function dayOf(at: number, now: number): string {
  const days = Math.round((midnight(at) - midnight(now)) / 86_400_000);
  if (days === 0) return '';
  if (days === 1) return 'tomorrow';
  if (days === -1) return 'yesterday';
  return new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

/** How a deadline stands, in sentences that hold in every time zone. `lessen`: how there would be less work in it. */
export function deadlineInWords(deadline: NonNullable<EndOutlook['deadline']>, lessen: string): string {
  const { code, lateMs, help, workers } = deadline;
  const forecast = workers === 'forecast';
  switch (code) {
    case 'unknown':
      return 'Whether the deadline is met cannot be told yet: it is known as soon as the first of its parts is done.';
    case 'met':
      return `It is expected in time, with ${spanInWords(-lateMs)} to spare, if ${forecast ? 'workers come and go as usual' : 'as many workers stay as now'}.`;
    case 'close':
      return `It will be close${forecast ? ' with workers as usual' : ''}: the deadline may be missed by ${spanInWords(lateMs)}.${helpInWords(help, lessen)}`;
    case 'missed':
      return `The deadline cannot be met ${forecast ? 'with workers as usual' : 'as things are'}: it is expected ${lateInWords(deadline)}.${helpInWords(help, lessen)}`;
    case 'past':
      return 'The deadline is past. The job goes on.';
    default:
      return code satisfies never;
  }
}

const lateInWords = ({ lateMs, atLeast }: NonNullable<EndOutlook['deadline']>): string =>
  atLeast === true && lateMs < 60_000
    ? 'too late'
    : `${atLeast === true ? 'at least ' : ''}${spanInWords(lateMs)} too late`;

function helpInWords(help: NonNullable<EndOutlook['deadline']>['help'], lessen: string): string {
  if (help === null) return '';
  const { workers, lessWork } = help;
  const more =
    workers === null
      ? null
      : `${workers} more ${workers === 1 ? 'worker' : 'workers'} like those that may do it now`;
  const less = lessWork === null ? null : `${Math.max(1, Math.ceil(100 * lessWork))} % less work (${lessen})`;
  if (more === null && less === null) return ' Neither more workers nor less work would be enough.';
  return ` What would help: ${[more, less].filter((text) => text !== null).join(', or ')}.`;
}
