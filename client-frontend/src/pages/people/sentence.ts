import { sentenceOf } from '../../api/request.ts';
import { PasskeyError } from './auth.ts';

/** The sentence for what went wrong with the farm or with the browser's passkeys; undefined for nothing. */
export const sentenceFor = (error: unknown): string | undefined => {
  if (error === null || error === undefined) return undefined;
  return error instanceof PasskeyError ? error.message : sentenceOf(error);
};
