import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import { createTail, type Tail } from '@parallel-pilot/sandbox/child/tail.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { BlenderFailure } from '@parallel-pilot/shared/kinds/blender/failures.ts';
import { parseMessage, parseText } from '@parallel-pilot/shared/protocol/parse.ts';
import type { ChunkProgress } from '../kind.ts';
import { createExchange } from './exchange.ts';
import {
  type BridgeEvent,
  BridgeMessage,
  type Command,
  RESULTS,
  type Reply,
  type ResultOf,
} from './messages.ts';
import { parseProgress } from './progress.ts';

export type SessionOptions = {
  blender: string;
  sandbox: Sandbox;
  threads: number;
  /** Where the process gets a workspace of its own. */
  folder: string;
  limits?: Limits | undefined;
  /** Called with `hello`, and with what `detect` finds on its way: messages that are no reply. */
  onEvent?(event: BridgeEvent): void;
};

export type AskOptions = {
  /** Milliseconds without a sign of life after which the process is killed. */
  hangLimitMs: number;
  signal: AbortSignal;
  onProgress?(progress: ChunkProgress): void;
};

export type Answer<Result = unknown> =
  | { kind: 'done'; result: Result; ms: number; rss: number }
  | { kind: 'refused'; code: BlenderFailure | null; message: string }
  /** `byScript`: Python was shut down or Blender left by an ordinary exit while it was busy. */
  | { kind: 'died'; exit: ChildExit; byScript: boolean }
  | { kind: 'hung' }
  | { kind: 'canceled' };

/**
 * One Blender process with the bridge inside. Commands go one at a time; after any answer
 * but `done` and `refused` it is gone. A script in a scene shares Blender's memory, so it can
 * say whatever the bridge can. What the protocol does not have ends the Blender; what it has
 * counts for no more than the file that was made.
 */
export type Session = {
  readonly pid: number | undefined;
  readonly log: Tail;
  /** Its folders, there until the session is closed. */
  readonly workspace: Workspace;
  /** Processor time since its start, milliseconds. */
  cpuMs(): Promise<number>;
  alive(): boolean;
  /** Blender's version, once it has said hello. */
  version(): string | null;
  ask<C extends Command>(command: C, options: AskOptions): Promise<Answer<ResultOf<C>>>;
  close(): Promise<void>;
};

/** A probe that the farm takes has 256 K characters, and each may need six here. */
const LONGEST_REPLY = 2 * 1024 * 1024;
const BRIDGE = fileURLToPath(new URL('bridge', import.meta.url));

/** Starts Blender at once; the first `ask` waits until it is ready. */
export function startSession(options: SessionOptions): Session {
  const nonce = randomBytes(16).toString('hex');
  const log = createTail();
  const exchange = createExchange();
  let version: string | null = null;
  let exit: ChildExit | null = null;
  let ending = false;
  let lastProgress = '';

  const nonsense = (what: string): void => {
    ending = true;
    child.condemn(`Blender said what makes no sense (${what}), so it was ended.`);
  };
  const onMessage = (text: string): void => {
    const parsed = parseText(BridgeMessage, text);
    const wrong = parsed.ok ? taken(parsed.message) : parsed.issue;
    if (wrong !== null) nonsense(wrong);
  };
  /** Null, or what is wrong with the message at this point. */
  const taken = (message: BridgeEvent | Reply): string | null => {
    if (!('event' in message)) return exchange.reply(message) ? null : 'a reply that nobody waits for';
    if (message.event === 'hello' && version !== null) return 'a second greeting';
    if (message.event === 'found' && options.onEvent === undefined) return 'an answer to no question';
    exchange.life();
    if (message.event === 'hello') version = message.version;
    if (message.event === 'ending') ending = true;
    options.onEvent?.(message);
    return null;
  };
  const onLog = (line: string): void => {
    if (line.startsWith(`${nonce} logged `)) {
      exchange.logged(Number(line.split(' ')[2]));
      return;
    }
    const progress = parseProgress(line);
    if (progress === null) {
      log.add(line);
      return;
    }
    // A line that repeats itself is no sign of life.
    if (line === lastProgress) return;
    lastProgress = line;
    exchange.progress(progress);
  };

  const { sandbox } = options;
  const workspace = createWorkspace(sandbox, options.folder);
  const child = startChild({
    command: options.blender,
    args: blenderArguments(options.threads),
    env: childEnvironment(sandbox),
    confinement: { sandbox, workspace, read: [BRIDGE], limits: options.limits ?? defaultLimits() },
    maxStdoutLine: LONGEST_REPLY,
    onStdout: (line) =>
      line.startsWith(`${nonce} `) ? onMessage(line.slice(nonce.length + 1)) : log.add(line),
    onStderr: onLog,
  });
  child.write(`${JSON.stringify({ nonce })}\n`);
  const gone = child.exited.then((how) => {
    exit = how;
    return how;
  });

  let lastId = 0;
  const ask = async <C extends Command>(command: C, ask: AskOptions): Promise<Answer<ResultOf<C>>> => {
    if (ask.signal.aborted) return { kind: 'canceled' };
    const id = ++lastId;
    child.write(`${JSON.stringify({ id, ...command })}\n`);
    const first = await exchange.outcome(id, ask, gone);
    if (first === 'hung' || first === 'canceled') {
      await child.kill();
      return { kind: first };
    }
    if ('kind' in first) return { kind: 'died', exit: first, byScript: ending || first.kind === 'exited' };
    if (!first.ok) return { kind: 'refused', code: first.code, message: first.message };
    const result = parseMessage(RESULTS[command.op], first.result);
    if (result.ok)
      return { kind: 'done', result: result.message as ResultOf<C>, ms: first.ms, rss: first.rss };
    nonsense(`a result of "${command.op}": ${result.issue}`);
    return { kind: 'died', exit: await gone, byScript: true };
  };

  return {
    pid: child.pid,
    log,
    workspace,
    cpuMs: child.cpuMs,
    alive: () => exit === null && !ending,
    version: () => version,
    ask,
    async close() {
      if (exit === null) await child.kill(0);
      await workspace.remove();
    },
  };
}

function blenderArguments(threads: number): string[] {
  return [
    '--background',
    '--factory-startup',
    // Scenes whose owner allows scripts are opened with that permission one by one.
    '--disable-autoexec',
    '-noaudio',
    '--threads',
    String(Math.max(1, Math.floor(threads))),
    '--python-exit-code',
    '70',
    '--python',
    join(BRIDGE, 'bridge.py'),
  ];
}
