import { printable, printableJson } from '@parallel-pilot/shared/model/printable.ts';
import { type Logger, pino } from 'pino';

export type Log = Logger;

/**
 * The worker's log on stderr: one JSON line for each event with a stable
 * `event` name, or, `readable` for a person at a terminal, the sentences alone.
 */
export function createWorkerLog(options: { name: string; level: string; readable: boolean }): Log {
  const { name, level, readable } = options;
  const settings = { name, level, base: { name, pid: process.pid } };
  if (readable) return pino(settings, { write: printSentence });
  const stderr = pino.destination({ dest: 2, sync: true });
  return pino(settings, { write: (line: string) => stderr.write(printableJson(line)) });
}

function printSentence(line: string): void {
  const entry: { time: number; level: number; msg?: string } = JSON.parse(line);
  if (entry.msg === undefined) return;
  const time = new Date(entry.time).toTimeString().slice(0, 8);
  const mark = entry.level >= 50 ? 'error: ' : entry.level >= 40 ? 'warning: ' : '';
  process.stderr.write(`${time}  ${mark}${printable(entry.msg)}\n`);
}
