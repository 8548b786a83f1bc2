// Runs a handler: loads it once, then takes calls as lines of JSON and answers each. Runs in the sandbox, beside the handler.
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

const MOST_PRINTED = 65_536;
const here = new AsyncLocalStorage();
const waiting = [];
let first = null;
let handle = null;

function say(message) {
  let bytes = Buffer.from(`${first.nonce} ${JSON.stringify(message)}\n`);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(1, bytes));
    } catch (error) {
      // The pipe is full for now.
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

const outside = { call: null, room: MOST_PRINTED };
function print(text) {
  const of = here.getStore() ?? outside;
  if (of.room <= 0) return;
  const kept = String(text).slice(0, of.room);
  of.room -= kept.length;
  say({ print: kept, call: of.call });
}

for (const stream of [process.stdout, process.stderr])
  stream.write = (text, encoding, done) => {
    print(typeof text === 'string' ? text : Buffer.from(text).toString());
    const called = typeof encoding === 'function' ? encoding : done;
    if (called !== undefined) queueMicrotask(called);
    return true;
  };

function told(error) {
  const folder = dirname(first.handler);
  const stack = String(error?.stack ?? '');
  const own = stack.split('\n').filter((line) => !line.includes(import.meta.filename));
  print(`${stack === '' ? String(error) : own.join('\n')}\n`);
  const found = /(?:file:\/\/)?(\/[^\s():]+):(\d+)/.exec(
    stack.split('\n').find((line) => line.includes(folder)) ?? '',
  );
  const place = found === null ? '' : ` (${relative(folder, decodeURI(found[1]))}, line ${found[2]})`;
  const name = error instanceof Error ? `${error.name}: ${error.message}` : `It threw ${String(error)}`;
  return `${name.slice(0, 1_500)}${place}`;
}

async function load() {
  let loaded;
  try {
    loaded = await import(pathToFileURL(first.handler).href);
  } catch (error) {
    const what =
      error instanceof SyntaxError ? 'The handler has a syntax error' : 'The handler could not be loaded';
    return `${what}: ${told(error)}.`;
  }
  handle = typeof loaded.default === 'function' ? loaded.default : loaded.default?.default;
  return typeof handle === 'function'
    ? null
    : `${basename(first.handler)} has no default export that is a function (event, context).`;
}

const fail = (call, code, message) => say({ call, ok: false, code, message: message.slice(0, 1_900) });

async function answer({ call, context, seconds, most, answerFile, ...given }) {
  const until = performance.now() + 1_000 * seconds;
  const facts = {
    callId: call,
    function: context.function,
    version: context.version,
    attempt: context.attempt,
    idempotencyKey: context.idempotencyKey,
    remainingMs: () => Math.max(0, Math.round(until - performance.now())),
  };
  let event;
  try {
    // Nobody has looked into a large one before.
    event = JSON.parse(given.event ?? readFileSync(given.eventFile, 'utf8'));
  } catch (error) {
    return fail(call, 'event-not-json', `The event is not JSON: ${error.message}`);
  }
  let result;
  try {
    result = await handle(event, facts);
  } catch (error) {
    return fail(call, 'handler-error', told(error));
  }
  let text;
  try {
    text = JSON.stringify(result === undefined ? null : result);
    if (text === undefined) throw new TypeError(`a ${typeof result} is no JSON`);
  } catch (error) {
    return fail(call, 'not-json', `The handler's answer is not JSON: ${error.message}`);
  }
  if (text.length <= first.longest) return say({ call, ok: true, answer: text });
  const bytes = Buffer.byteLength(text);
  if (bytes > most)
    return fail(
      call,
      'answer-too-large',
      `The handler's answer has ${bytes} bytes as JSON, and ${most} are the most.`,
    );
  try {
    writeFileSync(answerFile, text);
  } catch (error) {
    return fail(call, 'handler-error', `The answer could not be written: ${error.message}`);
  }
  say({ call, ok: true, left: true });
}

const take = (message) => void here.run({ call: message.call, room: MOST_PRINTED }, () => answer(message));

const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
lines.on('line', (line) => {
  const message = JSON.parse(line);
  if (first === null) {
    first = message;
    process.argv[1] = fileURLToPath(pathToFileURL(first.handler));
    void load().then((problem) => {
      if (problem !== null) {
        say({ broken: problem });
        process.exit(0);
      }
      say({ ready: true });
      for (const one of waiting.splice(0)) take(one);
    });
  } else if (handle === null) waiting.push(message);
  else take(message);
});
// What a handler leaves running is not waited for.
lines.on('close', () => process.exit(0));
