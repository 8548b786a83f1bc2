import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import type { ChunkProgress } from '../kind.ts';
import type { Reply } from './messages.ts';

export type AskOptions = {
  /** Milliseconds without a sign of life after which the script is ended. */
  hangLimitMs: number;
  signal: AbortSignal;
  /** Aborts when the script is to leave a checkpoint and end. */
  notice?: AbortSignal | undefined;
  onProgress?(progress: ChunkProgress): void;
  /** Once: what the script hands in before its last steps is there. */
  onHandedIn?(): void;
};

type News = Required<Omit<ChunkProgress, 'log'>> & { handedIn: boolean };

const BEGINNING: ChunkProgress = { fraction: 0, detail: '' };

/** The one command under way: its reply, its progress and its hang timer. */
export function createExchange() {
  let current: { id: number; reply: PromiseWithResolvers<Reply> } | null = null;
  let onLife = (): void => {};
  let onProgress: ((progress: ChunkProgress) => void) | undefined;
  let onHandedIn: (() => void) | undefined;
  let last = BEGINNING;

  return {
    life: () => onLife(),
    progress({ fraction, detail, values, kept, handedIn }: News) {
      onLife();
      if (handedIn) {
        onHandedIn?.();
        onHandedIn = undefined;
      }
      last = { fraction, detail, values, kept };
      onProgress?.(last);
    },
    printed(log: string) {
      onLife();
      onProgress?.({ ...last, log });
    },
    /** The reply to the command of this id. */
    expect(id: number): Promise<Reply> {
      current = { id, reply: Promise.withResolvers<Reply>() };
      return current.reply.promise;
    },
    /** False for a reply that nobody waits for. */
    reply(reply: Reply): boolean {
      if (current?.id !== reply.id) return false;
      current.reply.resolve(reply);
      current = null;
      return true;
    },
    async outcome(
      reply: Promise<Reply>,
      ask: AskOptions,
      gone: Promise<ChildExit>,
    ): Promise<Reply | ChildExit | 'hung' | 'canceled'> {
      const { promise, resolve } = Promise.withResolvers<'hung' | 'canceled'>();
      let timer: NodeJS.Timeout | undefined;
      onLife = () => {
        clearTimeout(timer);
        timer = setTimeout(() => resolve('hung'), ask.hangLimitMs);
      };
      onProgress = ask.onProgress;
      onHandedIn = ask.onHandedIn;
      last = BEGINNING;
      onLife();
      const abort = (): void => resolve('canceled');
      ask.signal.addEventListener('abort', abort, { once: true });
      try {
        return await Promise.race([promise, gone, reply]);
      } finally {
        ask.signal.removeEventListener('abort', abort);
        clearTimeout(timer);
        onLife = () => {};
        onProgress = undefined;
        onHandedIn = undefined;
      }
    },
  };
}
