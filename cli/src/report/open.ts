import { type Context, isColoured, isWatched } from '../context.ts';
import type { Reporter } from './events.ts';
import { jsonReporter, lineReporter } from './reporters.ts';
import { screenReporter } from './screen.ts';
import type { Voice } from './voice.ts';

/**
 * JSON where it is asked for, bars where a person watches, lines otherwise, and
 * where the logs of other processes would be written over the bars.
 */
export function openReporter(context: Context, voice: Voice, json: boolean, amongLogs = false): Reporter {
  const { stdout } = context;
  const write = (text: string) => void stdout.write(text);
  if (json) return jsonReporter(write, Date.now);
  return isWatched(context) && !amongLogs
    ? screenReporter(stdout, voice, isColoured(context, stdout))
    : lineReporter(write, voice);
}
