/** A stage's chunks are counted together in so many sections at most, so that a million of them cost no more to look through. */
const MOST = 256;

export const sectionsOf = (size: number): number => Math.min(size, MOST);

/** Neighbours are in one section; of up to 256 chunks each has its own. */
export const sectionOf = (ordinal: number, size: number): number =>
  Math.floor((ordinal * sectionsOf(size)) / size);

/** The lowest ordinal of a section. */
export const startOf = (section: number, size: number): number =>
  Math.ceil((section * size) / sectionsOf(size));
