/**
 * One stream of a box, in which the outputs of its runs stand one behind the other. Between two of them stands a mark:
 * a zero byte, a word that was drawn for that run, and the rest of its line.
 */
export type MarkedOutput = {
  push(bytes: Buffer): void;
  /** Waits for the mark of the next run; what comes before it goes to `onBytes`. Resolves with the rest of its line. */
  next(word: string, onBytes: (bytes: Buffer) => void): Promise<string>;
};

const MOST_REST = 16;

export function createMarkedOutput(): MarkedOutput {
  let held: Buffer = Buffer.alloc(0);
  let mark: Buffer | null = null;
  let give: (bytes: Buffer) => void = () => {};
  let found: (rest: string) => void = () => {};

  const read = (): void => {
    if (mark === null) return;
    const at = held.indexOf(mark);
    if (at < 0) {
      // The beginning of a mark may stand at the end.
      const sure = Math.max(0, held.length - mark.length + 1);
      if (sure > 0) give(held.subarray(0, sure));
      held = held.subarray(sure);
      return;
    }
    if (at > 0) give(held.subarray(0, at));
    held = held.subarray(at);
    const end = held.indexOf('\n', mark.length);
    if (end < 0 && held.length <= mark.length + MOST_REST) return;
    const rest = held.subarray(mark.length, end < 0 ? mark.length : end).toString('latin1');
    held = Buffer.from(held.subarray(end < 0 ? held.length : end + 1));
    mark = null;
    found(rest.trim());
  };

  return {
    push(bytes) {
      // Between two runs nothing prints; a program that gets there all the same is not heard.
      if (mark === null) return;
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      read();
    },
    next(word, onBytes) {
      const { promise, resolve } = Promise.withResolvers<string>();
      [held, mark, give, found] = [Buffer.alloc(0), Buffer.from(`\0${word}`), onBytes, resolve];
      return promise;
    },
  };
}
