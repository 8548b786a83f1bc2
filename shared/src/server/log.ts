import { type Logger, pino } from 'pino';

export type Log = Logger;

/** One JSON line for each event on stderr: `log.info({ event: 'chunk.done', ms })`. Secrets never go in. */
export const createLog = (name: string, level: string): Log =>
  pino({ name, level, base: { name, pid: process.pid } }, pino.destination({ dest: 2, sync: true }));
