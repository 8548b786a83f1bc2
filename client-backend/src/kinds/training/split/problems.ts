/** The data cannot be split; the message is a sentence for the user. */
export class BadData extends Error {}

/** The disk of the farm has no room for what is written. */
export class NoRoom extends Error {}

export const twoTests = (data: string, test: string): string =>
  `"${data}" has a part of its own to measure on, and "${test}" is another: give one of them.`;
