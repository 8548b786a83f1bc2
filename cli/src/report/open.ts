import { type Context, isColoured, isWatched } from '../context.ts';
import type { Reporter } from './events.ts';
import { jsonReporter, lineReporter } from './reporters.ts';
import { screenReporter } from './screen.ts';

/** JSON where it is asked for, bars where a person watches, lines otherwise. */
export function openReporter(context: Context, json: boolean): Reporter {
  const { stdout } = context;
  const write = (text: string) => void stdout.write(text);
  if (json) return jsonReporter(write, Date.now);
  return isWatched(context) ? screenReporter(stdout, isColoured(context, stdout)) : lineReporter(write);
}
