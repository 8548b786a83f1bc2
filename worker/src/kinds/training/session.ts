import { randomBytes } from 'node:crypto';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import { createTail } from '@parallel-pilot/sandbox/child/tail.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import { parseText } from '@parallel-pilot/shared/protocol/parse.ts';
import type { Python } from '../../packages/python-module.ts';
import { type AskOptions, createExchange } from './exchange.ts';
import { type Command, type PythonEvent, PythonMessage, type Reply } from './messages.ts';
import { pythonProgram } from './python.ts';

export type SessionOptions = {
  python: Python;
  sandbox: Sandbox;
  threads: number;
  /** Where the process gets a workspace of its own. */
  folder: string;
  limits?: Limits | undefined;
  /** Folder of the packages that the job brings; null where it takes what Python has. */
  packages?: string | null;
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
/** A result that the farm takes has 256 K characters and a log 16 K, and each may need six here. */
const LONGEST_REPLY = 2 * 1024 * 1024;

/** Starts Python at once; the first `ask` waits until it is ready. */
export function startSession(options: SessionOptions): Session {
  const { python, sandbox, threads, folder, packages = null, limits = defaultLimits() } = options;
  const own = packages === null ? [] : [packages];
  const nonce = randomBytes(16).toString('hex');
  const said = createTail(50, 4_000);
  const exchange = createExchange();
  let greeted = false;
  let ended = false;

  const nonsense = (what: string): void => {
    ended = true;
    child.condemn(`Python said what makes no sense (${what}), so it was ended.`);
  };
  const onMessage = (text: string): void => {
    const parsed = parseText(PythonMessage, text);
    const wrong = parsed.ok ? taken(parsed.message) : parsed.issue;
    if (wrong !== null) nonsense(wrong);
  };
  /** Null, or what is wrong with the message at this point. */
  const taken = (message: PythonEvent | Reply): string | null => {
    if (!('event' in message)) return exchange.reply(message) ? null : 'a reply that nobody waits for';
    if (message.event === 'hello' && greeted) return 'a second greeting';
    greeted = true;
    if (message.event === 'progress') exchange.progress(message);
    else if (message.event === 'printed') exchange.printed(message.log);
    else exchange.life();
    return null;
  };

  const workspace = createWorkspace(sandbox, folder);
  const program = pythonProgram({ python, sandbox, threads, workspace, limits, read: own }, 'zygote');
  const child = startChild({
    ...program,
    // Before what Python has itself.
    env: { ...program.env, ...(packages === null ? {} : { PYTHONPATH: packages }) },
    closesItself: true,
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
    const preempt = () => child.write(`${JSON.stringify({ op: 'preempt' })}\n`);
    if (options.notice?.aborted) preempt();
    else options.notice?.addEventListener('abort', preempt, { once: true });
    const first = await exchange.outcome(reply, options, gone);
    options.notice?.removeEventListener('abort', preempt);
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
      await gone;
      await workspace.remove();
    },
  };
}

/** True when the promise came to its end in time. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  const inTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
