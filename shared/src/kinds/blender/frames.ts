import { MAX_FRAMES } from './limits.ts';

export type ParsedFrames =
  | { ok: true; frames: number[] }
  /** `at` is the character offset of the problem in the text. */
  | { ok: false; message: string; at: number };

const NUMBER = /^[+-]?\d{1,7}$/;
// One part: a first frame, then perhaps `-` or `..` and a last one, then perhaps `x` or `y` and a step.
const PART = /^\s*([+-]?\d+)\s*(?:(?:-|\.\.)\s*([+-]?\d+)\s*(?:([xXyY])\s*(\S+?)\s*)?)?$/;

/**
 * Frame syntax, the same on the site, the command line and the API:
 * `1-10,20,30-40x2`, `a..b`, negative frames (`-20--13`, `-5-3`), descending
 * (`6-2`), steps with `x` (`76-70x-3`: a descending range may say so twice),
 * all but every n-th with `y` (`12-15y3` is 13 and 14), white space anywhere
 * around numbers. Order is kept, a frame named twice is rendered once. `x` and
 * `y` mean what they mean to OpenCue: https://docs.opencue.io, "FrameSpec".
 */
export function parseFrames(text: string): ParsedFrames {
  if (text.trim() === '')
    return problem('The frame range is empty. Write for instance 1-10 or 1-10,20,30-40x2.', 0);
  const frames = new Set<number>();
  let offset = 0;
  for (const part of text.split(',')) {
    const range = parsePart(part, offset, text);
    if (!range.ok) return range;
    const { first, last, step, leavesOut } = range;
    const all = Math.abs(last - first) + 1;
    const stepped = Math.ceil(all / step);
    if (frames.size + (leavesOut ? all - stepped : stepped) > MAX_FRAMES) {
      return problem(
        `"${part.trim()}" makes more than ${MAX_FRAMES.toLocaleString('en')} frames. Split it into several jobs.`,
        offset,
      );
    }
    const direction = last < first ? -1 : 1;
    for (let i = 0; i < all; i += leavesOut ? 1 : step) {
      if (!leavesOut || i % step !== 0) frames.add(first + i * direction);
    }
    offset += part.length + 1;
  }
  return { ok: true, frames: [...frames] };
}

/** `leavesOut`: every `step`-th frame from the first is left out, instead of all others. */
type Range = { ok: true; first: number; last: number; step: number; leavesOut: boolean };

function parsePart(part: string, offset: number, text: string): Range | Extract<ParsedFrames, { ok: false }> {
  const quoted = `"${part.trim() === '' ? text.slice(Math.max(0, offset - 6), offset + part.length + 6) : part.trim()}"`;
  const place = `at character ${offset + 1}`;
  const match = PART.exec(part);
  if (match === null) {
    const why =
      part.trim() === '' ? 'a frame is missing between the commas' : 'this is not a frame or a range';
    return problem(`${quoted} ${place}: ${why}. Write for instance 1-10 or 1-10,20,30-40x2.`, offset);
  }
  const [, firstText = '', lastText = firstText, letter = 'x', stepText = '1'] = match;
  if (!NUMBER.test(firstText) || !NUMBER.test(lastText)) {
    return problem(`${quoted} ${place}: frames run from -9999999 to 9999999.`, offset);
  }
  const [first, last, step] = [Number(firstText), Number(lastText), Number(stepText)];
  if (!NUMBER.test(stepText) || step === 0) {
    return problem(`${quoted} ${place}: the step after "${letter}" must be a whole number from 1.`, offset);
  }
  if (step < 0 && last > first) {
    return problem(`${quoted} ${place}: a step below 0 is for a range that descends.`, offset);
  }
  const leavesOut = letter.toLowerCase() === 'y';
  if (leavesOut && (first === last || Math.abs(step) === 1)) {
    return problem(`${quoted} ${place}: this leaves out every frame.`, offset);
  }
  return { ok: true, first, last, step: Math.abs(step), leavesOut };
}

const problem = (message: string, at: number): Extract<ParsedFrames, { ok: false }> => ({
  ok: false,
  message,
  at,
});
