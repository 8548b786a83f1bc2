import { printable } from '@parallel-pilot/shared/model/printable.ts';
import { type Context, isColoured, isWatched } from '../context.ts';
import type { Reporter, RunEvent } from './events.ts';
import type { Presenter } from './presenter.ts';
import { jsonReporter, lineReporter } from './reporters.ts';
import { screenReporter } from './screen.ts';

/**
 * JSON where it is asked for, bars where a person watches, lines otherwise, and
 * where the logs of other processes would be written over the bars.
 */
export function openReporter(
  context: Context,
  presenter: Presenter,
  json: boolean,
  amongLogs = false,
): Reporter {
  const { stdout } = context;
  const write = (text: string) => void stdout.write(text);
  if (json) return jsonReporter(write, Date.now);
  return printing(
    isWatched(context) && !amongLogs
      ? screenReporter(stdout, presenter, isColoured(context, stdout))
      : lineReporter(write, presenter),
  );
}

/** Names, sentences and figures in events come from others: what draws them adds its colours after this. */
const printing = (reporter: Reporter): Reporter => ({
  report: (event) => reporter.report(printableParts(event) as RunEvent),
  close: () => reporter.close(),
});

function printableParts(part: unknown): unknown {
  if (typeof part === 'string') return printable(part);
  if (Array.isArray(part)) return part.map(printableParts);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => [printable(name), printableParts(value)]),
  );
}
