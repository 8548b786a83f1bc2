import type { Typed } from './typed-parameters.ts';

/** Settings as people type them. `message` goes on after what was typed. */

const SECONDS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 };

/** "90", "30m" or "2h", in seconds. */
export function readTime(typed: string): Typed<number> {
  const [, digits = '', unit = ''] = /^(\d+\.?\d*|\.\d+)\s*([smhd]?)$/i.exec(typed.trim()) ?? [];
  const seconds = Number(digits) * (SECONDS[unit.toLowerCase()] ?? 0);
  if (digits !== '' && seconds > 0 && seconds <= 30 * 86_400) return { ok: true, value: seconds };
  return refuse(`"${typed}": write a time of at most 30 days, such as 90, 30m or 2h.`);
}

/** "2,64", exit codes. */
export function readCodes(typed: string): Typed<number[]> {
  const codes = typed.split(',').map((code) => Number(/^\s*\d{1,3}\s*$/.test(code) ? code : Number.NaN));
  if (codes.every((code) => code >= 1 && code <= 255)) return { ok: true, value: codes };
  return refuse(`"${typed}": write exit codes from 1 to 255, such as 2,64.`);
}

const refuse = (message: string): { ok: false; message: string } => ({ ok: false, message });
