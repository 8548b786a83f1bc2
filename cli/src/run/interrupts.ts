export type Interrupts = {
  /** Aborted by the first Ctrl-C (or SIGTERM, SIGHUP). */
  first: AbortSignal;
  /** Aborted by the second; the process has two seconds from then on. */
  second: AbortSignal;
  /** Gives the signals back to Node. */
  release(): void;
};

/** Takes the signals that would end this process: the first asks for an orderly end, the second for one at once. */
export function takeInterrupts(): Interrupts {
  const [first, second] = [new AbortController(), new AbortController()];
  const onSignal = () => {
    if (!first.signal.aborted) return first.abort();
    // Whoever asks a third time has waited long enough; children end with the channel to this process.
    if (second.signal.aborted) process.exit(130);
    second.abort();
    setTimeout(() => process.exit(130), AT_ONCE_MS).unref();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    first: first.signal,
    second: second.signal,
    release: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}

/** For what an end at once still has to do: to kill a farm of one's own. Whatever hangs then is left. */
const AT_ONCE_MS = 2_000;
