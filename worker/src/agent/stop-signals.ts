/** Ways to end a worker: `drain` finishes what is under way, `leave` stops it. */
export type StopSignals = { drain: AbortSignal; leave: AbortSignal };

/** Ctrl-C at a terminal reaches a worker as SIGINT, and once more as SIGTERM from the program that started it. */
const SAME_WISH_MS = 1_000;

/**
 * The first SIGTERM or SIGINT drains, the second leaves at once. `close` gives
 * the signals back their usual meaning.
 */
export function listenForSignals(): StopSignals & { close(): void } {
  const drain = new AbortController();
  const leave = new AbortController();
  let first: { signal: NodeJS.Signals; at: number } | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    const at = performance.now();
    if (first !== undefined && signal !== first.signal && at - first.at < SAME_WISH_MS) return;
    (first === undefined ? drain : leave).abort();
    first ??= { signal, at };
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return {
    drain: drain.signal,
    leave: leave.signal,
    close() {
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
    },
  };
}
