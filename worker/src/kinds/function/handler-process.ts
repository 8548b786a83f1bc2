import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { createTail } from '@parallel-pilot/sandbox/child/tail.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { InstancesStage } from '@parallel-pilot/shared/kinds/function/stages.ts';
import {
  type Call,
  type CallEnd,
  callFailed,
  MOST_CALL_CHARACTERS,
} from '@parallel-pilot/shared/protocol/calls.ts';
import { parseText } from '@parallel-pilot/shared/protocol/parse.ts';
import type { CallBlobs, RunnerOptions } from '../kind.ts';
import { CallFiles } from './call-files.ts';
import { CallsUnderWay } from './calls-under-way.ts';
import { exitInWords } from './exit-in-words.ts';
import { HandlerMessage } from './messages.ts';
import type { Place } from './start-process.ts';

/** How loading the handler ended. `message` is a sentence. */
export type Loaded = { ok: true } | { ok: false; message: string };

/** One process with a handler in it. */
export type HandlerProcess = {
  readonly pid: number | undefined;
  /** Resolves once it can be called, or cannot. */
  readonly loaded: Promise<Loaded>;
  /** Resolves with a sentence once the process is gone: calls that it has not answered have an end. */
  readonly ended: Promise<string>;
  /** Resolves once the answers that it left are on the farm too, and nothing of it is there any more. */
  readonly cleared: Promise<void>;
  readonly under: number;
  /** Its handler has come to the end of a call: the process works. */
  readonly answered: boolean;
  call(call: Call): Promise<CallEnd>;
  cpuMs(): Promise<number>;
  /** The end of what it printed. */
  log(): string;
  /** Calls under way end with that sentence. */
  stop(code: 'timeout' | 'stopped', message: string): Promise<void>;
};

export type HandlerOrder = {
  stage: InstancesStage;
  inputs: string;
  /** Folder of the packages that it brings; null for none. */
  packages: string | null;
  /** What it runs in. */
  place: Place;
  blobs: CallBlobs;
  onPrinted(): void;
};

/** A handler that does not come to its end while it is loaded is stopped after so long, milliseconds. */
const LOAD_MS = 60_000;

/** Starts a process in a box or a container of its own, which loads the handler and then takes calls. */
export async function startHandler(order: HandlerOrder, options: RunnerOptions): Promise<HandlerProcess> {
  const { stage, place, inputs, packages, blobs, onPrinted } = order;
  const { sandbox, folder, limits = defaultLimits() } = options;
  if (sandbox.level === 'none') throw new Error('Functions run in a sandbox or not at all.');
  const nonce = randomBytes(16).toString('hex');
  const workspace = createWorkspace(sandbox, folder);
  const under = new CallsUnderWay();
  const files = new CallFiles({ workspace, folder, blobs });
  const tail = createTail(60, 3_500);
  const load = Promise.withResolvers<Loaded>();
  const answering = new Set<Promise<CallEnd>>();
  let [over, answered] = [false, false];
  let stopping: { code: 'timeout' | 'stopped'; message: string } | null = null;

  const print = (text: string): void => {
    for (const line of text.split('\n')) if (line !== '') tail.add(line.slice(0, 2_000));
    onPrinted();
  };
  const take = (message: HandlerMessage): void => {
    if ('ready' in message) load.resolve({ ok: true });
    else if ('broken' in message) load.resolve({ ok: false, message: message.broken });
    else if ('print' in message) {
      print(message.print);
      under.print(message.call, message.print);
    } else takeEnd(message);
  };
  const takeEnd = (message: Extract<HandlerMessage, { ok: boolean }>): void => {
    answered ||= message.ok || message.code === 'handler-error';
    if (!message.ok) under.fail(message.call, message.code, message.message);
    else if ('left' in message) under.leave(message.call);
    else under.answer(message.call, message.answer);
  };
  const onOther = (line: string): void => {
    print(line);
    under.print(null, `${line}\n`);
  };
  const onMessage = (text: string): void => {
    const parsed = parseText(HandlerMessage, text);
    if (parsed.ok) take(parsed.message);
    else child.condemn(`The handler's process said what makes no sense (${parsed.issue}).`);
  };
  try {
    await workspace.fill(inputs);
  } catch (error) {
    await workspace.remove();
    throw error;
  }
  const child = place({
    ...{ workspace, limits, read: packages === null ? [] : [packages] },
    onStdout: (line) =>
      line.startsWith(`${nonce} `) ? onMessage(line.slice(nonce.length + 1)) : onOther(line),
    onStderr: onOther,
  });
  const first = {
    nonce,
    handler: posix.resolve(workspace.inside.in, stage.handler),
    concurrency: stage.settings.concurrency,
    packages,
    longest: MOST_CALL_CHARACTERS,
  };
  void child.write(`${JSON.stringify(first)}\n`);
  const patience = setTimeout(() => {
    load.resolve({ ok: false, message: `The handler was not loaded within ${LOAD_MS / 1_000} seconds.` });
    void child.kill(0);
  }, LOAD_MS);
  const ended = child.exited.then((exit) => {
    over = true;
    files.stop(stopping?.code === 'stopped' ? 'all' : 'events');
    const why = stopping?.message ?? exitInWords(exit, tail.lines().at(-1));
    load.resolve({ ok: false, message: why });
    under.failAll(stopping?.code === 'stopped' ? 'stopped' : 'died', why);
    return why;
  });
  // What it left for a call before it ended is brought to the farm still.
  const cleared = ended.then(() => Promise.allSettled(answering)).then(() => workspace.remove());
  void load.promise.then(() => clearTimeout(patience));

  const stop: HandlerProcess['stop'] = async (code, message) => {
    stopping ??= { code, message };
    // It may have ended before, and something of it be on its way.
    if (code === 'stopped' && over) files.stop('all');
    await child.kill(0);
    await cleared;
  };
  const answer = async (call: Call): Promise<CallEnd> => {
    const { call: id, event: given, context, timeoutMs, mostAnswerBytes: most } = call;
    if (under.has(id)) throw new Error('a call came twice');
    const brought = typeof given === 'string' ? given : await files.bring(id, given);
    if (typeof brought !== 'string' && 'ok' in brought) return brought;
    // Meanwhile.
    if (over) return callFailed('no-instance', 'The instance has ended.');
    const event = typeof brought === 'string' ? { event: brought } : { eventFile: brought.path };
    const end = under.begin(id);
    const late = setTimeout(() => {
      const seconds = Math.round(timeoutMs / 100) / 10;
      under.fail(id, 'timeout', `The handler did not answer within ${seconds} seconds, so it was stopped.`);
      void stop('timeout', 'The process was stopped, as another of its calls took too long.');
    }, timeoutMs);
    const facts = { context: { ...context, call: id }, seconds: timeoutMs / 1_000 };
    const message = { call: id, ...event, ...facts, most, answerFile: files.pathOfAnswer(id) };
    void child.write(`${JSON.stringify(message)}\n`);
    const ended = await end.finally(() => clearTimeout(late));
    return typeof given === 'string' && !('left' in ended) ? ended : files.bringBack(call, ended);
  };

  const call = (call: Call): Promise<CallEnd> => {
    const end = answer(call);
    answering.add(end);
    const done = () => void answering.delete(end);
    void end.then(done, done);
    return end;
  };

  return {
    get pid() {
      return child.pid;
    },
    loaded: load.promise,
    ended,
    cleared,
    get under() {
      return under.count;
    },
    get answered() {
      return answered;
    },
    call,
    cpuMs: child.cpuMs,
    log: tail.text,
    stop,
  };
}
