import { randomBytes } from 'node:crypto';
import { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { GangPlace } from '@parallel-pilot/shared/protocol/gang.ts';
import { pino } from 'pino';
import { GangLink } from './gang-link.ts';
import { GangPort } from './gang-port.ts';

const log = pino({ level: 'silent' });
const HERE = { reach: 'machine' as const, hosts: ['127.0.0.1'], port: 0, listenOn: '127.0.0.1' };
let made = 0;

/** A port for each member on this machine, and their places in one gang. */
export async function createGang(size: number) {
  const ports = await Promise.all(Array.from({ length: size }, () => GangPort.open(HERE, log)));
  const secret = randomBytes(32).toString('hex');
  made += 1;
  const leaseOf = (rank: number) => LeaseId.parse(`lse_${String(made * 1_000 + rank).padStart(12, '0')}`);
  const members = ports.map(({ address }, rank) => ({ lease: leaseOf(rank), address }));
  const places = ports.map((port, rank) => ({
    lease: leaseOf(rank),
    port,
    place: { rank, members, secret } satisfies GangPlace,
  }));
  return {
    secret,
    places,
    /** As a runner gets it. */
    members: places.map((of, rank) => ({
      rank,
      size,
      open: (folder: string) => GangLink.open(of, folder),
    })),
    close() {
      for (const port of ports) port.close();
    },
  };
}
