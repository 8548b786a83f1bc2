import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import type { ChunkProgress } from '../kind.ts';
import type { Reply } from './messages.ts';
import type { AskOptions } from './session.ts';

const UNREADABLE = {
  ok: false,
  code: 'script-error',
  message: 'The script changed the Python around it, so that its result cannot be read.',
  log: '',
} as const;

/** The one command under way: its reply, its progress and its hang timer. */
export function createExchange() {
  let current: { id: number; reply: PromiseWithResolvers<Reply> } | null = null;
  let onLife = (): void => {};
  let onProgress: ((progress: ChunkProgress) => void) | undefined;

  return {
    life: () => onLife(),
    progress({ fraction, detail, values }: Required<ChunkProgress>) {
      onLife();
      onProgress?.({ fraction, detail, values });
    },
    /** The reply to the command of this id; what comes for an earlier one is dropped. */
    expect(id: number): Promise<Reply> {
      current = { id, reply: Promise.withResolvers<Reply>() };
      return current.reply.promise;
    },
    /** Null for one that cannot be understood, which only a script that meddles with its Python brings about. */
    reply(reply: Reply | null) {
      if (current === null) return;
      if (reply === null) current.reply.resolve({ id: current.id, ...UNREADABLE });
      else if (reply.id === current.id) current.reply.resolve(reply);
    },
    async outcome(
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
      onLife();
      const abort = (): void => resolve('canceled');
      ask.signal.addEventListener('abort', abort, { once: true });
      try {
        return await Promise.race([promise, gone, ...(current === null ? [] : [current.reply.promise])]);
      } finally {
        ask.signal.removeEventListener('abort', abort);
        clearTimeout(timer);
        onLife = () => {};
        onProgress = undefined;
      }
    },
  };
}
