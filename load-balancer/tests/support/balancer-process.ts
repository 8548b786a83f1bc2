import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { FromChild } from '@parallel-pilot/shared/protocol/supervision.ts';

export type BalancerProcess = {
  port: number;
  child: ChildProcess;
  /** Ends it and waits until it is gone; gives back its exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
};

const main = new URL('../../src/main.ts', import.meta.url);

/** The load balancer as a real process. Rejects with its own sentence when it cannot start. */
export async function startBalancerProcess(
  env: Record<string, string>,
  nodeFlags: string[] = [],
): Promise<BalancerProcess> {
  const child = fork(main, {
    env: { PILOT_LOG: 'silent', ...env },
    execArgv: nodeFlags,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const reap = () => void child.kill('SIGKILL');
  process.once('exit', reap);
  const gone = once(child, 'exit');
  void gone.then(() => process.removeListener('exit', reap));
  const [first] = await Promise.race([once(child, 'message'), gone.then(() => [null])]);
  const message = FromChild.safeParse(first);
  if (!message.success || message.data.type !== 'ready' || message.data.process !== 'load-balancer') {
    reap();
    throw new Error(
      message.success && 'message' in message.data ? message.data.message : 'It died without a word',
    );
  }
  return {
    port: message.data.port,
    child,
    async end(signal) {
      child.kill(signal);
      const [code] = await gone;
      return code;
    },
  };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port on 127.0.0.1');
  return address.port;
}
