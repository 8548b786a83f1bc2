import type { FarmKind } from '@parallel-pilot/client-backend/kinds/kind.ts';

export const echoBackend: FarmKind = {
  prepare: async (_, spec) => ({ ok: true, spec, name: 'echo', blobs: [] }),
  outline: (spec) => ({ spec, name: 'echo' }),
  stageTasks: [],
  runStageTask: async () => ({ outcome: 'done', value: null, blobs: [] }),
  assemble: async () => ({ outcome: 'complete', artifacts: [], notes: [] }),
  stopsOnFailure: () => false,
  fleetProblem: () => null,
  view: async (_, job) => ({ kind: 'echo', first: JSON.parse(job.spec_json).words[0] }) as never,
  showsPrints: false,
};
