import { parentPort, workerData } from 'node:worker_threads';
import { Announcement, FARM_SERVICE, recordsOf } from '@parallel-pilot/shared/protocol/discovery.ts';
import multicastDns, { type QueryPacket } from 'multicast-dns';

/** RFC 6762 §6: a record is told at most once a second. */
const AT_MOST_EVERY_MS = 1_000;

/** The thread of announce.ts: answers whoever on the local network asks for farms, until it is told anything. */
answerQuestions(Announcement.parse(workerData));

function answerQuestions(announcement: Announcement): void {
  const { network } = announcement;
  // Bound to all addresses: a socket that is bound to one gets nothing that goes to a group.
  const mdns = multicastDns({ bind: '0.0.0.0', ...(network === null ? {} : { interface: network }) });
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = () => {
    toldAt = performance.now();
    mdns.respond({ answers: recordsOf(announcement) });
  };
  mdns.on('error', (error) => {
    throw error;
  });
  mdns.on('ready', tell);
  mdns.on('query', ({ questions = [] }: QueryPacket) => {
    if (questions.some(asksForFarms) && performance.now() - toldAt >= AT_MOST_EVERY_MS) tell();
  });
  parentPort?.once('message', () => {
    mdns.respond({ answers: recordsOf(announcement, 0) }, () => mdns.destroy(() => process.exit(0)));
  });
}

function asksForFarms({ name, type }: NonNullable<QueryPacket['questions']>[number]): boolean {
  return name.toLowerCase() === FARM_SERVICE && type === 'PTR';
}
