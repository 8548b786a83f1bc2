import type { PersonId } from '@parallel-pilot/shared/model/ids.ts';
import type { VersionRow } from '@parallel-pilot/shared/server/db/functions.ts';
import type { Owner } from './call-quota.ts';

/** That a version is to be called. */
export type Invocation = {
  version: VersionRow;
  /** Whose function it is. */
  owner: Owner;
  /** JSON. */
  event: string;
  /** Null for one with the function's own token. */
  person: PersonId | null;
};
