import { CALL_PROBLEMS } from '@parallel-pilot/shared/kinds/function/calls.ts';
import type { CallId } from '@parallel-pilot/shared/model/ids.ts';
import type { CallFile } from '@parallel-pilot/shared/protocol/calls.ts';
import type { BlobStore } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { problem } from '../../../http/problems.ts';
import { bodyOf, SANDBOX } from '../../../http/send-blob.ts';
import type { CallFiles } from '../desk/call-files.ts';
import type { CallResult } from '../desk/call-result.ts';

/** `call` names its record; `kept`: the answer stands with it. */
export type Answered = { call: CallId; result: CallResult; replayed?: boolean; kept?: boolean };

/** What a call came to, as the answer to the request that made it. */
export async function answerOf(
  c: Context,
  { blobs, files }: { blobs: BlobStore; files: CallFiles },
  { call, result, replayed = false, kept = false }: Answered,
): Promise<Response> {
  c.header('cache-control', 'no-store');
  if (replayed) c.header('idempotency-replayed', 'true');
  c.header('pilot-call', call);
  if (result.ok) {
    c.header('server-timing', `handler;dur=${result.ms.toFixed(1)}`);
    if (typeof result.answer === 'string') return c.body(result.answer, 200, JSON_TYPE);
    const { hash } = result.answer;
    return sendAnswer(c, blobs, result.answer, () => {
      if (!kept) void files.letGo(hash);
    });
  }
  const { status } = CALL_PROBLEMS[result.code];
  if (status === 429 || status === 503) c.header('retry-after', '1');
  return problem(c, status as ContentfulStatusCode, `function/${result.code}`, result.message);
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** Streams an answer that is a blob. `sent` is called once nothing more of it is read. */
export async function sendAnswer(
  c: Context,
  blobs: BlobStore,
  { hash, size }: CallFile,
  sent: () => void = () => {},
): Promise<Response> {
  if ((await blobs.size(hash)) !== size)
    return problem(c, 502, 'function/answer-lost', 'The answer is not on the farm any more.');
  const headers = { ...SANDBOX, ...JSON_TYPE, 'content-length': String(size) };
  // Its body would be dropped unread, and the file stay open.
  if (c.req.method === 'HEAD') {
    sent();
    return c.body(null, 200, headers);
  }
  const blocks = async function* () {
    try {
      yield* blobs.blocks(hash, { start: 0, end: size - 1 });
    } finally {
      sent();
    }
  };
  return c.body(bodyOf(c, blocks), 200, headers);
}

export const unknownFunction = (c: Context) =>
  problem(
    c,
    404,
    'function-unknown',
    `There is no function "${c.req.param('name') ?? c.req.param('id')}". "pilot function list" shows those that there are.`,
  );
