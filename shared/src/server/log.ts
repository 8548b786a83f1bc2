import { type Logger, pino } from 'pino';
import { printableJson } from '../model/printable.ts';

export type Log = Logger;

/** One JSON line for each event on stderr: `log.info({ event: 'chunk.done', ms })`. Secrets never go in. */
export function createLog(name: string, level: string): Log {
  const stderr = pino.destination({ dest: 2, sync: true });
  const write = (line: string) => stderr.write(printableJson(line));
  return pino({ name, level, base: { name, pid: process.pid } }, { write });
}
