import { setTimeout as pause } from 'node:timers/promises';
import { CallList, type CallRecord } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { Command } from 'commander';
import type { Api } from '../../api/client.ts';
import { connect } from '../../api/connect.ts';
import { patiently } from '../../api/patience.ts';
import type { Context } from '../../context.ts';
import { wholeNumber } from '../../numbers.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../../options.ts';
import { takeInterrupts } from '../../run/interrupts.ts';
import { print, printJson } from '../../text/print.ts';
import { pathOf } from './request.ts';

type Flags = ApiFlags & { follow?: boolean; failed?: boolean; last: number };

const LOOK_EVERY_MS = 1_000;

/** `pilot function logs NAME`: what became of its last calls, and what they printed. */
export function functionLogsCommand(context: Context): Command {
  const command = new Command('logs')
    .summary('show what became of the last calls, and what they printed')
    .argument('<name>')
    .option('-n, --last <n>', 'so many calls', wholeNumber(1, 500), 20)
    .option('--failed', 'only those that failed')
    .option('-f, --follow', 'go on with the calls to come');
  withJson(withServer(command));
  withExamples(command, ['pilot function logs hello', 'pilot function logs hello -f --failed']);
  return command.action(async (name: string, flags: Flags) => {
    const api = await connect(context.config, flags);
    const tell = (calls: readonly CallRecord[]) => {
      for (const call of calls) {
        if (flags.json) printJson(context.stdout, call);
        else print(context.stdout, callLines(call));
      }
    };
    const first = await newest(api, name, flags, flags.last);
    tell(first);
    if (flags.follow === true) await follow(api, name, flags, first, tell);
  });
}

/** The oldest of them first. */
async function newest(api: Api, name: string, flags: Flags, limit: number): Promise<CallRecord[]> {
  const query = `?limit=${limit}${flags.failed === true ? '&failed=true' : ''}`;
  return (await api.get(pathOf(name, `/calls${query}`), CallList)).calls.toReversed();
}

async function follow(
  api: Api,
  name: string,
  flags: Flags,
  first: readonly CallRecord[],
  tell: (calls: readonly CallRecord[]) => void,
): Promise<void> {
  const interrupts = takeInterrupts();
  let seen = new Set(first.filter(isOver).map(({ id }) => id));
  try {
    while (!interrupts.first.aborted) {
      await pause(LOOK_EVERY_MS, undefined, { signal: interrupts.first }).catch(() => undefined);
      const calls = (await patiently(() => newest(api, name, flags, 500))).filter(isOver);
      tell(calls.filter(({ id }) => !seen.has(id)));
      seen = new Set(calls.map(({ id }) => id));
    }
  } finally {
    interrupts.release();
  }
}

const isOver = ({ state }: CallRecord): boolean => state === 'done' || state === 'failed';

export function callLines(call: CallRecord): string[] {
  const { id, createdAt, state, version, ms, code, message, log } = call;
  const time = new Date(createdAt).toISOString().slice(0, 19).replace('T', ' ');
  const took = ms === null ? '' : `  ${ms.toFixed(1)} ms`;
  const why = code === null ? '' : `  ${code}: ${message ?? ''}`;
  const printed = log.trimEnd() === '' ? [] : log.trimEnd().split('\n');
  return [
    `${time}  ${id}  version ${version}  ${state}${took}${why}`,
    ...printed.map((line) => `    ${line}`),
  ];
}
