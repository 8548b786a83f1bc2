import type { Load } from './load.ts';

/** An hour of the day where this runs, such as 22:00; of the next day where that could be taken for today's. */
export function clockWords(at: number, now: number): string {
  const hour = new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  const soon = at - now < 16 * 3_600_000 || new Date(at).toDateString() === new Date(now).toDateString();
  return soon ? hour : `tomorrow ${hour}`;
}

/** The advice as a sentence. */
export function adviceWords({ advice, now }: Pick<Load, 'advice' | 'now'>): string {
  const clock = (at: number) => clockWords(at, now);
  switch (advice.type) {
    case 'nothing-waits':
      return 'Nothing waits.';
    case 'in-time':
      return `All that waits is expected to be done by ${clock(advice.endsAt)}.`;
    case 'more-workers': {
      const { workers, from, by } = advice;
      const more = `${numberWords(workers)} more ${workers === 1 ? 'worker' : 'workers'}`;
      return `${otherwise(advice, clock)} ${more} from ${clock(from)} would end the queue by ${clock(by)}.`;
    }
    case 'too-much':
      return `${otherwise(advice, clock)} Not even a hundred more workers would end the queue by ${clock(advice.by)}.`;
    case 'no-worker':
      return 'Work waits, and no worker is connected.';
    default:
      return advice satisfies never;
  }
}

const otherwise = ({ endsAt }: { endsAt: number | null }, clock: (at: number) => string): string =>
  endsAt === null
    ? 'What waits is not expected to be done within a day.'
    : `What waits is expected to be done by ${clock(endsAt)}.`;

const WORDS = ['One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten'];
const numberWords = (count: number): string => WORDS[count - 1] ?? String(count);

export const WAYS = { 'holt-winters': 'Holt-Winters', lstm: 'LSTM' } as const;

/** Where the forecast is from, with both errors. */
export function forecastWords({ forecast, network }: Pick<Load, 'forecast' | 'network'>): string {
  if (forecast.from === 'present') {
    const days = Math.floor(forecast.days);
    const known = days === 0 ? 'is less than one' : days === 1 ? 'is one' : `are ${days}`;
    return `No history yet: a forecast needs ${forecast.needsDays} days of it, and there ${known}. Until then the workers that are here now are taken to stay, and no more work to come.`;
  }
  const { used, holtWinters, lstm, days } = forecast;
  const other =
    lstm !== null
      ? `LSTM ${lstm.toFixed(2)}`
      : network === null
        ? 'no LSTM has been learnt on this farm'
        : 'the history is too short for the LSTM';
  return `By ${WAYS[used]}. Error over the last ${days === 1 ? 'day' : `${days} days`}: Holt-Winters ${holtWinters.toFixed(2)}, ${other}. 1 is what the same time of the day before comes to; less is better.`;
}
