import type { Escalation } from '@parallel-pilot/shared/model/escalation.ts';
import type { RandomBytes } from '@parallel-pilot/shared/model/ids.ts';
import type { Lender } from '@parallel-pilot/shared/model/worker.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';

import type { Broadcast } from './broadcast.ts';
import type { Wire } from './perform.ts';
import type { Quarantine } from './quarantine.ts';

/** What the engine is made of, wired in main.ts and handed down. */
export type EngineParts = {
  db: Db;
  /** Who lends the workers that the farm brings itself. */
  lender: Lender;
  /** Chunks at once of each team for which nothing else was set; null for no limit. */
  chunksOfEachTeam?: number | null;
  /** When deadlines go before others, where nothing else was set. */
  escalation?: Escalation;
  clock: Clock;
  random: RandomBytes;
  log: Log;
  wire: Wire;
  broadcast: Broadcast;
  quarantine: Quarantine;
  /** What receipts for uploaded files are signed with. */
  signingKey: string;
};
