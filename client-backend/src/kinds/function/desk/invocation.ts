import type { CallId, PersonId } from '@parallel-pilot/shared/model/ids.ts';
import type { CallFile } from '@parallel-pilot/shared/protocol/calls.ts';
import type { VersionRow } from '@parallel-pilot/shared/server/db/functions.ts';
import type { Owner } from './call-quota.ts';

/** A blob that is held in the name of that call; of one that is stored with its event, its own. */
export type EventFile = CallFile & { holder: CallId };
/** JSON, or the blob with it. */
export type Event = string | EventFile;

/** That a version is to be called. */
export type Invocation = {
  version: VersionRow;
  /** Whose function it is. */
  owner: Owner;
  event: Event;
  /** Null for one with the function's own token. */
  person: PersonId | null;
};
