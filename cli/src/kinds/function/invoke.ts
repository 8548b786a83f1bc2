import { once } from 'node:events';
import { createWriteStream, openAsBlob } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { printable } from '@parallel-pilot/shared/model/printable.ts';
import { Command } from 'commander';
import { connect } from '../../api/connect.ts';
import { ApiError, authorization, UnreachableError } from '../../api/request.ts';
import type { Context } from '../../context.ts';
import { type ApiFlags, withExamples, withFarm } from '../../options.ts';
import { SentenceError } from '../../sentence-error.ts';
import { print } from '../../text/print.ts';

type Flags = ApiFlags & {
  data?: string;
  out?: string;
  async?: boolean;
  key?: string;
  idempotencyKey?: string;
};

/** `pilot function invoke NAME`: calls a function and prints its answer. */
export function invokeCommand(context: Context): Command {
  const command = new Command('invoke')
    .summary('call a function and print its answer')
    .argument('<name>', 'the function')
    .option('--data <json>', 'the event; @file reads it from a file (null)')
    .option('--out <file>', 'write the answer to a file')
    .option('--async', 'do not wait: print the id of the call')
    .option('--idempotency-key <key>', 'a call with the same key is done once');
  withFarm(command);
  withExamples(command, [
    `pilot function invoke hello --data '{"name": "Ada"}'`,
    'pilot function invoke hello --data @event.json --out answer.json',
  ]);
  return command.action(async (name: string, flags: Flags) => {
    const { connection } = await connect(context.config, flags);
    const { data = 'null', idempotencyKey } = flags;
    // Streamed, as it may be large.
    const body = data.startsWith('@') ? await openAsBlob(data.slice(1)).catch(missing(data)) : data;
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
    if (reply.ok) return save(reply, context, flags.out);
    const text = await reply.text();
    const problem = Problem.safeParse(JSON.parse(text));
    if (!problem.success) throw new SentenceError(`The farm answered ${reply.status} without a reason.`);
    const { status, code, detail } = problem.data;
    throw new ApiError({ status, code, message: detail });
  });
}

/** Whole or not at all: one that breaks off leaves no file. */
async function save(reply: Response, { stdout }: Context, path: string | undefined): Promise<void> {
  if (reply.body === null) throw new SentenceError('The farm answered with nothing.');
  if (path === undefined) {
    for await (const text of reply.body.pipeThrough(new TextDecoderStream()))
      if (!stdout.write(printable(text))) await once(stdout, 'drain');
    return print(stdout, '');
  }
  const bytes = Readable.fromWeb(reply.body as Parameters<typeof Readable.fromWeb>[0]);
  const part = `${path}.part`;
  try {
    await pipeline(bytes, createWriteStream(part));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw new SentenceError(`The answer could not be written to ${path}: ${(error as Error).message}`);
  }
}

const missing = (data: string) => () => {
  throw new SentenceError(`There is no file ${data.slice(1)} that can be read.`);
};
