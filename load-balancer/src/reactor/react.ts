import type { Effect } from '../farm/effects.ts';
import type { FarmEvent } from '../farm/events.ts';
import type { Farm } from '../farm/farm.ts';
import { onJobsRead, onReject, onRetry } from './on-jobs.ts';
import {
  onAssignRefused,
  onDone,
  onFailed,
  onPreempted,
  onReclaimAnswered,
  onReleased,
  onStarted,
  onUnreadable,
} from './on-lease.ts';
import { onDrainWorker, onFarmSettingsRead, onWorkersRead } from './on-settings.ts';
import { onReloaded, onTick } from './on-tick.ts';
import { onDisconnected, onDraining, onHello, onLeaving, onLent } from './on-worker.ts';

/**
 * Takes one event into the farm and says what is to be done about it.
 * Synchronous; time comes in. Who gets what is decided afterwards, once for
 * all events of a round, by scheduling/schedule.ts.
 */
export function react(farm: Farm, event: FarmEvent, now: number): Effect[] {
  switch (event.type) {
    case 'hello':
      return onHello(farm, event, now);
    case 'workers-read':
      return onWorkersRead(farm, event, now);
    case 'drain-worker':
      return onDrainWorker(farm, event);
    case 'draining':
      return onDraining(farm, event, now);
    case 'lent':
      return onLent(farm, event);
    case 'started':
      return onStarted(farm, event, now);
    case 'done':
      return onDone(farm, event, now);
    case 'failed':
      return onFailed(farm, event, now);
    case 'preempted':
      return onPreempted(farm, event, now);
    case 'released':
      return onReleased(farm, event, now);
    case 'leaving':
      return onLeaving(farm, event, now);
    case 'disconnected':
      return onDisconnected(farm, event, now);
    case 'assign-refused':
      return onAssignRefused(farm, event, now);
    case 'reclaim-answered':
      return onReclaimAnswered(farm, event, now);
    case 'unreadable':
      return onUnreadable(farm, event, now);
    case 'jobs-read':
      return onJobsRead(farm, event, now);
    case 'limits-read':
      farm.chunkLimits = event.limits;
      return [];
    case 'farm-settings-read':
      return onFarmSettingsRead(farm, event);
    case 'load-forecast':
      farm.forecast = event.forecast;
      return [];
    case 'retry':
      return onRetry(farm, event, now);
    case 'reject':
      return onReject(farm, event, now);
    case 'reloaded':
      return onReloaded(farm, event, now);
    case 'tick':
      return onTick(farm, now);
    default:
      return event satisfies never;
  }
}
