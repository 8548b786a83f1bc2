/**
 * How a chunk that runs has come along, by what its worker has said of it. The
 * marks are kept an eighth of the chunk apart, so that what is seen is how fast
 * it goes now, and not on the average since it began.
 */
export type Course = {
  /** Where the stretch that is looked at begins; the next one is to begin at `next`. */
  from: Mark;
  next: Mark;
  last: Mark;
};
type Mark = { at: number; fraction: number };

const STRETCH = 1 / 8;
/** Reports come in steps, and some programs count unevenly: a step may be so great. */
const STEP = 1 / 50;
/** However much of it was seen, the rest may go otherwise. */
const LEAST_VARIANCE = 0.01;

/** With a report, `fraction` from 0 to 1 at the time `at`. Before it is more than nothing there is nothing to see: files may be opening. */
export function followed(course: Course | undefined, fraction: number, at: number): Course | undefined {
  if (fraction <= 0) return course;
  const mark = { at, fraction };
  if (course === undefined) return { from: mark, next: mark, last: mark };
  course.last = mark;
  if (fraction - course.next.fraction >= STRETCH) {
    course.from = course.next;
    course.next = mark;
  }
  return course;
}

/** Milliseconds for the whole chunk at the pace it goes now, and the variance of the logarithm of that. */
export type Projection = { ms: number; variance: number };

/** Null while too little of it has been seen. A pause in the reports longer than those before counts as slowness. */
export function projected({ from, last }: Course, now: number): Projection | null {
  const seen = last.fraction - from.fraction;
  if (seen <= 0) return null;
  const silence = Math.max(0, now - last.at - PAUSE_MS);
  const ms = (last.at - from.at + silence) / seen;
  return { ms, variance: LEAST_VARIANCE + (STEP / seen) ** 2 };
}

/** Workers report several times a second while there is something new. */
const PAUSE_MS = 1_000;
