import { pidNamespace, startOf } from '@parallel-pilot/sandbox/limits/process-life.ts';

/** Names of containers, and of images that are built: which worker has them, and whether it still lives. */

export const NAME_PREFIX = 'pilot-';

/** Names for what this process makes. */
export function createNames(pid: number): () => string {
  const owner = `${NAME_PREFIX}${pidNamespace()}-${pid}-${startOf(pid) ?? '0'}`;
  let made = 0;
  return () => {
    made += 1;
    return `${owner}-${made}`;
  };
}

/** True for a name that was given by a process of this machine that has ended. */
export function isLeftBehind(
  name: string,
  { namespace, start }: { namespace: string; start(pid: number): string | null } = {
    namespace: pidNamespace(),
    start: startOf,
  },
): boolean {
  const [, space, pid, began] = /^pilot-(\d+)-(\d+)-(\d+)-\d+$/.exec(name) ?? [];
  return space === namespace && pid !== undefined && start(Number(pid)) !== began;
}
