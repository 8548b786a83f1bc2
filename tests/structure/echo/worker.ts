import type { WorkerKind } from '@parallel-pilot/worker/kinds/kind.ts';

const nothing = async () => {};

export const echoWorker = (): WorkerKind => ({
  name: 'echo',
  detect: async () => ({ 'echo.loud': true }),
  timeLimit: () => null,
  createRunner: () => ({
    run: async ({ chunkSpec }) =>
      chunkSpec === 'hush'
        ? { ok: false, code: 'deaf', message: 'It was not heard.', log: '' }
        : { ok: true, result: chunkSpec, files: [], log: '' },
    memoryBytes: async () => 0,
    cpuMs: async () => 0,
    rest: nothing,
    forget: nothing,
    close: nothing,
  }),
});
