/** Why a job is over, in a sentence a user understands, with a code a program can test. */
export type EndReason = { code: string; message: string };

/** Where a job stands. */
export type JobState =
  /** Waits for other jobs to end; which, and how, stands in the rows of its dependencies. */
  | { status: 'blocked' }
  | { status: 'preparing' }
  /** Waits for the user's settings. */
  | { status: 'ready' }
  | { status: 'queued' }
  | { status: 'running' }
  | { status: 'paused'; from: 'preparing' | 'queued' | 'running' }
  | { status: 'assembling' }
  | { status: 'completed' }
  | ({ status: 'failed' } & EndReason)
  /** With a reason where nobody canceled it: `dependency`, as a job that it waits for has ended in another way than it runs on, or `stopped`, by what it belongs to. */
  | { status: 'canceled'; reason?: EndReason };

export type JobStatus = JobState['status'];
export const JOB_STATUSES = [
  'blocked',
  'preparing',
  'ready',
  'queued',
  'running',
  'paused',
  'assembling',
  'completed',
  'failed',
  'canceled',
] as const;

export type JobEvent =
  /** What it waits for has ended as it should; `to` is where its open stage stands. */
  | { type: 'unblock'; to: 'preparing' | 'queued' }
  | { type: 'await-settings' }
  /** The next stage is planned and its chunks wait. */
  | { type: 'plan' }
  /** The first chunk of a planned stage was started. */
  | { type: 'start' }
  | { type: 'pause' }
  | { type: 'resume' }
  /** Every chunk is done; the result is put together. */
  | { type: 'assemble' }
  /** The final check found results that must be made again. */
  | { type: 'redo' }
  | { type: 'complete' }
  /** The user wants a part of the finished result made once more, and the result put together anew. */
  | { type: 'reopen' }
  | ({ type: 'fail' } & EndReason)
  | { type: 'cancel'; reason?: EndReason }
  /** Failed or canceled work is to be done after all; `to` is where its open stage stands, or `blocked` where it waits for others again. */
  | { type: 'retry'; to: 'blocked' | 'preparing' | 'queued' };

export type JobTransition = { ok: true; state: JobState } | { ok: false; code: 'not-allowed' };

const to = (state: JobState): JobTransition => ({ ok: true, state });
const refused: JobTransition = { ok: false, code: 'not-allowed' };

/** The one place where a job changes state. */
export function jobTransition(state: JobState, event: JobEvent): JobTransition {
  const { status } = state;
  switch (event.type) {
    case 'unblock':
      return status === 'blocked' ? to({ status: event.to }) : refused;
    case 'await-settings':
      return status === 'preparing' ? to({ status: 'ready' }) : refused;
    case 'plan':
      return status === 'preparing' || status === 'ready' || status === 'running'
        ? to({ status: 'queued' })
        : refused;
    case 'start':
      // The work of a kind may begin with its first stage.
      return status === 'queued' || status === 'preparing' ? to({ status: 'running' }) : refused;
    case 'pause':
      return status === 'preparing' || status === 'queued' || status === 'running'
        ? to({ status: 'paused', from: status })
        : refused;
    case 'resume':
      return status === 'paused' ? to({ status: state.from }) : refused;
    case 'assemble':
      // A kind may come to its result in its first stage.
      return status === 'preparing' || status === 'queued' || status === 'running'
        ? to({ status: 'assembling' })
        : refused;
    case 'redo':
      return status === 'assembling' ? to({ status: 'running' }) : refused;
    case 'complete':
      return status === 'assembling' ? to({ status: 'completed' }) : refused;
    case 'reopen':
      return status === 'completed' ? to({ status: 'assembling' }) : refused;
    case 'fail':
      return isOver(status) ? refused : to({ status: 'failed', code: event.code, message: event.message });
    case 'cancel':
      return isOver(status) ? refused : to(canceled(event));
    case 'retry':
      return status === 'failed' || status === 'canceled' ? to({ status: event.to }) : refused;
    default:
      return event satisfies never;
  }
}

const canceled = ({ reason }: Extract<JobEvent, { type: 'cancel' }>): JobState => ({
  status: 'canceled',
  ...(reason === undefined ? {} : { reason }),
});

/** True for a job that will not go on by itself. */
export const isOver = (status: JobStatus): boolean =>
  status === 'completed' || status === 'failed' || status === 'canceled';

/** States of a job whose chunks the load balancer keeps in mind. */
export const LIVE_STATES = ['preparing', 'queued', 'running', 'paused'] as const satisfies JobStatus[];

/** True while the load balancer may grant chunks of the job. */
export const isGrantable = (status: JobStatus): boolean =>
  status === 'preparing' || status === 'queued' || status === 'running';
