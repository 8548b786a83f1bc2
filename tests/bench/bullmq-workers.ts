import { type Job, Worker } from 'bullmq';

/**
 * BullMQ's side of bench:dispatch, in a process of its own as ours are: workers that have done each job as soon as they
 * have it. Arguments: Redis' socket, queue, how many, jobs at once of each. Says `ready`, begins when it is told anything.
 */
const [path = '', queue = '', count = '1', concurrency = '1'] = process.argv.slice(2);

const workers = Array.from(
  { length: Number(count) },
  () =>
    new Worker(queue, async (_: Job) => ({ ok: 1 }), {
      connection: { path, maxRetriesPerRequest: null },
      concurrency: Number(concurrency),
      autorun: false,
    }),
);
await Promise.all(workers.map((worker) => worker.waitUntilReady()));
process.once('message', () => {
  for (const worker of workers) void worker.run();
});
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
