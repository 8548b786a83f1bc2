import type { PersonId } from '@parallel-pilot/shared/model/ids.ts';
import type { VersionRow } from '@parallel-pilot/shared/server/db/functions.ts';

/** That a version is to be called. */
export type Invocation = {
  version: VersionRow;
  /** JSON. */
  event: string;
  /** Null for one with the function's own token. */
  person: PersonId | null;
};
