/** Ends a command with a sentence for the person who typed it: what happened, to what, and what to do. */
export class SentenceError extends Error {
  override name = 'SentenceError';
}
