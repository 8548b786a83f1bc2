import { readFile } from 'node:fs/promises';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { Command } from 'commander';
import { connect } from '../../api/connect.ts';
import { ApiError, authorization, UnreachableError } from '../../api/request.ts';
import type { Context } from '../../context.ts';
import { type ApiFlags, withExamples, withFarm } from '../../options.ts';
import { SentenceError } from '../../sentence-error.ts';
import { print } from '../../text/print.ts';

type Flags = ApiFlags & { data?: string; async?: boolean; key?: string; idempotencyKey?: string };

/** `pilot function invoke NAME`: calls a function and prints its answer. */
export function invokeCommand(context: Context): Command {
  const command = new Command('invoke')
    .summary('call a function and print its answer')
    .argument('<name>', 'the function')
    .option('--data <json>', 'the event; @file reads it from a file (null)')
    .option('--async', 'do not wait: print the id of the call')
    .option('--idempotency-key <key>', 'a call with the same key is done once');
  withFarm(command);
  withExamples(command, [
    `pilot function invoke hello --data '{"name": "Ada"}'`,
    'pilot function invoke hello --data @event.json',
  ]);
  return command.action(async (name: string, flags: Flags) => {
    const { connection } = await connect(context.config, flags);
    const { data = 'null', idempotencyKey } = flags;
    const body = data.startsWith('@') ? await readFile(data.slice(1), 'utf8').catch(missing(data)) : data;
    const path = `/api/v1/functions/${encodeURIComponent(name)}/invoke${flags.async ? '?async=1' : ''}`;
    const headers = {
      ...authorization(connection.key),
      'content-type': 'application/json',
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    };
    // No time of its own: a call takes as long as its function lets it.
    const reply = await fetch(new URL(path, connection.url), { method: 'POST', headers, body }).catch(
      (error: unknown) => {
        throw new UnreachableError(connection.url, error);
      },
    );
    const text = await reply.text();
    if (reply.ok) return print(context.stdout, text);
    const problem = Problem.safeParse(JSON.parse(text));
    if (!problem.success) throw new SentenceError(`The farm answered ${reply.status} without a reason.`);
    const { status, code, detail } = problem.data;
    throw new ApiError({ status, code, message: detail });
  });
}

const missing = (data: string) => () => {
  throw new SentenceError(`There is no file ${data.slice(1)} that can be read.`);
};
