import { SITE_KINDS } from '../kinds/registry.ts';

/** The pages, each in a file of its own that is fetched when it is first wanted. */
export const pages = {
  jobs: async () => ({ Component: (await import('../pages/jobs/JobsPage.tsx')).JobsPage }),
  newJob: async () => {
    const parts = SITE_KINDS.map((kind) => kind.Setup?.fetch());
    const [{ NewJobPage }] = await Promise.all([import('../pages/new/NewJobPage.tsx'), ...parts]);
    return { Component: NewJobPage };
  },
  job: async () => {
    const parts = SITE_KINDS.map((kind) => kind.Job.fetch());
    const [{ JobPage }] = await Promise.all([import('../pages/job/JobPage.tsx'), ...parts]);
    return { Component: JobPage };
  },
  compare: async () => {
    const parts = SITE_KINDS.map((kind) => kind.Compare?.fetch());
    const [{ ComparePage }] = await Promise.all([import('../pages/compare/ComparePage.tsx'), ...parts]);
    return { Component: ComparePage };
  },
  workers: async () => ({ Component: (await import('../pages/workers/WorkersPage.tsx')).WorkersPage }),
} as const;

/** Fetches all that comes in files of its own, so that it is there at once, and even while the farm is away for a moment. */
export function fetchPages(): void {
  // One that cannot be fetched now is asked for again when it is opened.
  for (const page of Object.values(pages)) page().catch(() => undefined);
  import('../api/upload.ts').catch(() => undefined);
}
