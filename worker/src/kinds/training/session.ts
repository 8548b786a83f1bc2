import { randomBytes } from 'node:crypto';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import { createTail } from '@parallel-pilot/sandbox/child/tail.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { ChunkProgress } from '../kind.ts';
import { createExchange } from './exchange.ts';
import { type Command, PythonEvent, Reply } from './messages.ts';
import { PILOT_FOLDER, type Python, pythonEnvironment } from './python.ts';

export type SessionOptions = {
  python: Python;
  sandbox: Sandbox;
  threads: number;
  /** Where the process gets a workspace of its own. */
  folder: string;
  limits?: Limits | undefined;
};

export type AskOptions = {
  /** Milliseconds without a sign of life after which the script is ended. */
  hangLimitMs: number;
  signal: AbortSignal;
  onProgress?(progress: ChunkProgress): void;
};

export type Answer =
  | { kind: 'replied'; reply: Reply }
  /** The zygote itself is gone. `log` is what it said last. */
  | { kind: 'died'; exit: ChildExit; log: string }
  | { kind: 'hung' }
  | { kind: 'canceled' };

/** One Python with the modules of a script in it, which forks for every chunk. Commands go one at a time. */
export type Session = {
  readonly pid: number | undefined;
  /** Its folders, there until the session is closed. */
  readonly workspace: Workspace;
  /** Processor time since its start, milliseconds. */
  cpuMs(): Promise<number>;
  alive(): boolean;
  ask(command: Command, options: AskOptions): Promise<Answer>;
  close(): Promise<void>;
};

/** How long the end of a script may take: the zygote kills it after 300 ms. */
const STOP_MS = 700;
/** A result with its history and a log. */
const LONGEST_REPLY = 16_777_216;

/** Starts Python at once; the first `ask` waits until it is ready. */
export function startSession(options: SessionOptions): Session {
  const { python, sandbox, threads, folder, limits = defaultLimits() } = options;
  const nonce = randomBytes(16).toString('hex');
  const said = createTail(50, 4_000);
  const exchange = createExchange();
  let ended = false;

  const onMessage = (text: string): void => {
    const message = parseJson(text);
    const event = PythonEvent.safeParse(message);
    if (!event.success) exchange.reply(Reply.safeParse(message).data ?? null);
    else if (event.data.event === 'progress') exchange.progress(event.data);
    else exchange.life();
  };

  const workspace = createWorkspace(sandbox, folder);
  const start = `import sys; sys.path[0] = ${JSON.stringify(PILOT_FOLDER)}\nfrom pilot_worker.zygote import main; main()`;
  const child = startChild({
    command: python.command,
    args: ['-B', '-c', start],
    env: pythonEnvironment(sandbox, threads),
    confinement: { sandbox, workspace, read: [PILOT_FOLDER, ...python.read], limits },
    maxStdoutLine: LONGEST_REPLY,
    onStdout: (line) =>
      line.startsWith(`${nonce} `) ? onMessage(line.slice(nonce.length + 1)) : said.add(line),
    onStderr: (line) => said.add(line),
  });
  child.write(`${JSON.stringify({ nonce, threads })}\n`);
  const gone = child.exited.then((exit) => {
    ended = true;
    return exit;
  });

  let lastId = 0;
  const ask = async (command: Command, options: AskOptions): Promise<Answer> => {
    if (options.signal.aborted) return { kind: 'canceled' };
    const id = ++lastId;
    const reply = exchange.expect(id);
    child.write(`${JSON.stringify({ id, ...command })}\n`);
    const first = await exchange.outcome(options, gone);
    if (first === 'hung' || first === 'canceled') {
      // The zygote lives on, so that the next chunk finds it warm. One that imports does not listen.
      child.write(`${JSON.stringify({ op: 'stop' })}\n`);
      if (command.op === 'open' || !(await within(STOP_MS, Promise.race([reply, gone])))) await child.kill(0);
      return { kind: first };
    }
    if ('kind' in first) return { kind: 'died', exit: first, log: said.text() };
    return { kind: 'replied', reply: first };
  };

  return {
    pid: child.pid,
    workspace,
    cpuMs: child.cpuMs,
    alive: () => !ended,
    ask,
    async close() {
      if (!ended) await child.kill(100);
      await workspace.remove();
    },
  };
}

/** Null for what is no JSON: a script can reach into its Python, and must not reach the worker by it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** True when the promise came to its end in time. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  const inTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
