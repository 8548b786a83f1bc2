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
import type { FailureCode } from '@parallel-pilot/shared/protocol/failures.ts';
import type { ChunkProgress } from '../kind.ts';
import { createExchange } from './exchange.ts';
import { BridgeEvent, type Command, Reply } from './messages.ts';
import { parseProgress } from './progress.ts';

export type SessionOptions = {
  blender: string;
  sandbox: Sandbox;
  threads: number;
  /** Where the process gets a workspace of its own. */
  folder: string;
  limits?: Limits | undefined;
  onEvent?(event: BridgeEvent): void;
};

export type AskOptions = {
  /** Milliseconds without a sign of life after which the process is killed. */
  hangLimitMs: number;
  signal: AbortSignal;
  onProgress?(progress: ChunkProgress): void;
};

export type Answer =
  | { kind: 'done'; result: unknown; ms: number; rss: number }
  | { kind: 'refused'; code: FailureCode | null; message: string }
  /** `byScript`: Python was shut down or Blender left by an ordinary exit while it was busy. */
  | { kind: 'died'; exit: ChildExit; byScript: boolean }
  | { kind: 'hung' }
  | { kind: 'canceled' };

/**
 * One Blender process with the bridge inside. Commands go one at a time; after any answer
 * but `done` and `refused` it is gone.
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
  ask(command: Command, options: AskOptions): Promise<Answer>;
  close(): Promise<void>;
};

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

  const onReply = (text: string): void => {
    const message: unknown = JSON.parse(text);
    const event = BridgeEvent.safeParse(message);
    exchange.life();
    if (!event.success) {
      exchange.reply(Reply.parse(message));
      return;
    }
    if (event.data.event === 'hello') version = event.data.version;
    if (event.data.event === 'ending') ending = true;
    options.onEvent?.(event.data);
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
    maxStdoutLine: 16_777_216,
    onStdout: (line) =>
      line.startsWith(`${nonce} `) ? onReply(line.slice(nonce.length + 1)) : log.add(line),
    onStderr: onLog,
  });
  child.write(`${JSON.stringify({ nonce })}\n`);
  const gone = child.exited.then((how) => {
    exit = how;
    return how;
  });

  let lastId = 0;
  const ask = async (command: Command, ask: AskOptions): Promise<Answer> => {
    if (ask.signal.aborted) return { kind: 'canceled' };
    const id = ++lastId;
    child.write(`${JSON.stringify({ id, ...command })}\n`);
    const first = await exchange.outcome(id, ask, gone);
    if (first === 'hung' || first === 'canceled') {
      await child.kill();
      return { kind: first };
    }
    if ('kind' in first) return { kind: 'died', exit: first, byScript: ending || first.kind === 'exited' };
    if (first.ok) return { kind: 'done', result: first.result, ms: first.ms, rss: first.rss };
    return { kind: 'refused', code: first.code, message: first.message };
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
