import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';

const pollEveryMs = 20;

/**
 * Waits for a fact instead of sleeping: polls `check` every 20 ms until it gives something truthy, and returns
 * that. A check that throws counts as "not yet" (a server that does not answer so far). After `timeoutMs` it
 * throws an error with `message` and what was seen last, the last thrown error as its cause.
 */
export async function until<T>(
  check: () => T | Promise<T>,
  message: string | ((last: T | undefined) => string),
  timeoutMs = 30_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  let last: Seen<T> = { kind: 'nothing' };
  do {
    const seen = await look(check, deadline);
    if (seen.kind === 'value' && seen.value) return seen.value;
    // A check still unanswered at the end tells less than what an earlier one saw.
    if (seen.kind !== 'nothing' || last.kind === 'nothing') last = seen;
    await pause(Math.max(0, Math.min(pollEveryMs, deadline - performance.now())));
  } while (performance.now() < deadline);
  throw timedOut(last, message, timeoutMs);
}

type Seen<T> = { kind: 'nothing' } | { kind: 'value'; value: T } | { kind: 'error'; error: unknown };

async function look<T>(check: () => T | Promise<T>, deadline: number): Promise<Seen<T>> {
  const bell = new AbortController();
  const outOfTime = pause(Math.max(0, deadline - performance.now()), { kind: 'nothing' } as const, {
    signal: bell.signal,
  }).catch(() => ({ kind: 'nothing' }) as const);
  try {
    return await Promise.race([answer(check), outOfTime]);
  } finally {
    bell.abort();
  }
}

async function answer<T>(check: () => T | Promise<T>): Promise<Seen<T>> {
  try {
    return { kind: 'value', value: await check() };
  } catch (error) {
    return { kind: 'error', error };
  }
}

function timedOut<T>(
  last: Seen<T>,
  message: string | ((last: T | undefined) => string),
  timeoutMs: number,
): Error {
  const value = last.kind === 'value' ? last.value : undefined;
  const text = typeof message === 'string' ? message : message(value);
  const cause = last.kind === 'error' ? { cause: last.error } : {};
  return new Error(`${text} (waited ${timeoutMs} ms; last seen: ${describe(last)})`, cause);
}

function describe<T>(last: Seen<T>): string {
  if (last.kind === 'nothing') return 'no answer from the check';
  if (last.kind === 'error') return `the check threw ${String(last.error)}`;
  return inspect(last.value, { depth: 6, breakLength: 110, maxStringLength: 2_000 });
}
