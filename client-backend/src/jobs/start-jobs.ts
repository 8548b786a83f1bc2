import type { ConnectedBalancer } from '../live/connect-balancer.ts';
import type { LiveServer } from '../live/live-server.ts';
import type { PartsWithEngine } from './engine.ts';

/**
 * Ties the balancer's hints to the jobs and to the pages that watch, and
 * carries on where the database says the last process stopped. `close` the
 * engine first at the end, then the balancer's link and the pages.
 */
export function startJobs({ engine }: PartsWithEngine, balancer: ConnectedBalancer, live: LiveServer): void {
  balancer.listen({
    connected: () => void engine.sweep(),
    stagePatch(patch) {
      live.stagePatch(patch);
      engine.hint(patch);
    },
    workersPatch: (patch) => live.workersPatch(patch),
  });
  engine.start();
}
