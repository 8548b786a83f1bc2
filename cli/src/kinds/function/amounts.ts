import { SentenceError } from '../../sentence-error.ts';

const SECONDS: Record<string, number> = { '': 1, ms: 0.001, s: 1, m: 60, h: 3_600 };
const BYTES: Record<string, number> = { k: 1e3, m: 1e6, g: 1e9 };

/** "90", "30s", "2m" as seconds. Throws a SentenceError. */
export function secondsOf(flag: string, typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  const [, digits = '', unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)\s*(ms|s|m|h)?$/i.exec(typed.trim()) ?? [];
  const seconds = Number(digits) * (SECONDS[unit.toLowerCase()] ?? 0);
  if (digits !== '' && seconds > 0) return seconds;
  throw new SentenceError(`${flag} ${typed}: write a time such as 90, 30s or 2m.`);
}

/** "512M" as bytes. Throws a SentenceError. */
export function bytesOf(flag: string, typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  const [, digits = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)\s*([kmg])b?$/i.exec(typed.trim()) ?? [];
  const bytes = Math.round(Number(digits) * (BYTES[unit.toLowerCase()] ?? 0));
  if (bytes > 0) return bytes;
  throw new SentenceError(`${flag} ${typed}: write a size with its unit, such as 512M or 2G.`);
}
