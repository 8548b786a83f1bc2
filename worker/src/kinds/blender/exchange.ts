import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import type { ChunkProgress } from '../kind.ts';
import type { Reply } from './messages.ts';

/** How long to wait for log lines that were written before a reply but arrive after it. */
const LOG_GRACE_MS = 500;

export type Outcome = Reply | ChildExit | 'hung' | 'canceled';
type Limits = {
  hangLimitMs: number;
  signal: AbortSignal;
  onProgress?(progress: ChunkProgress): void;
};

/** The one command under way: its reply, its log marker, its progress and its hang timer. */
export function createExchange() {
  let current: {
    id: number;
    reply: Reply | null;
    logged: boolean;
    timer: NodeJS.Timeout | null;
    limit: number;
    onProgress: ((progress: ChunkProgress) => void) | undefined;
    settle(outcome: Outcome): void;
  } | null = null;

  const life = (): void => {
    if (current === null || current.reply !== null) return;
    if (current.timer !== null) clearTimeout(current.timer);
    const { settle, limit } = current;
    current.timer = setTimeout(() => settle('hung'), limit);
  };
  const settleIfComplete = (): void => {
    if (current?.reply != null && current.logged) current.settle(current.reply);
  };

  return {
    life,
    progress(progress: ChunkProgress) {
      life();
      current?.onProgress?.(progress);
    },
    /** False for a reply that nobody waits for. */
    reply(reply: Reply): boolean {
      if (current === null || current.reply !== null || reply.id !== current.id) return false;
      current.reply = reply;
      if (current.timer !== null) clearTimeout(current.timer);
      const { settle } = current;
      current.timer = setTimeout(() => settle(reply), LOG_GRACE_MS);
      settleIfComplete();
      return true;
    },
    logged(id: number) {
      if (current === null || id !== current.id) return;
      current.logged = true;
      settleIfComplete();
    },
    async outcome(id: number, ask: Limits, gone: Promise<ChildExit>) {
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      current = {
        id,
        reply: null,
        logged: false,
        timer: null,
        limit: ask.hangLimitMs,
        onProgress: ask.onProgress,
        settle: resolve,
      };
      life();
      const abort = (): void => resolve('canceled');
      ask.signal.addEventListener('abort', abort, { once: true });
      gone.then(resolve);
      const outcome = await promise;
      ask.signal.removeEventListener('abort', abort);
      if (current.timer !== null) clearTimeout(current.timer);
      current = null;
      return outcome;
    },
  };
}
