/** Frames a second as a fraction. */
export type Rate = { numerator: number; denominator: number };

/**
 * The exact rate behind a number: 23.976 and Blender's 24 / 1.001 (stored as a
 * 32-bit float) are 24000/1001, as SMPTE ST 12 has the NTSC rates; a whole
 * number is itself; all else is the nearest in thousandths.
 */
export function rateOf(fps: number): Rate {
  const whole = Math.round(fps);
  if (near(fps, whole)) return { numerator: whole, denominator: 1 };
  // 23.98, 29.97 and 59.94 are how these are usually written.
  const ntsc = (Math.ceil(fps) * 1_000) / 1_001;
  if (Math.abs(fps - ntsc) < 0.005) return { numerator: Math.ceil(fps) * 1_000, denominator: 1_001 };
  return { numerator: Math.round(fps * 1_000), denominator: 1_000 };
}

export const rateText = (fps: number): string => {
  const { numerator, denominator } = rateOf(fps);
  return denominator === 1 ? String(numerator) : `${numerator}/${denominator}`;
};

const near = (a: number, b: number): boolean => b > 0 && Math.abs(a - b) < 1e-5 * b;
