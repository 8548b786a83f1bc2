import { SITE_KINDS } from '../kinds/registry.ts';

/** The pages, each in a file of its own that is fetched when it is first wanted. */
export const pages = {
  jobs: async () => ({ Component: (await import('../pages/jobs/JobsPage.tsx')).JobsPage }),
  newJob: async () => ({ Component: (await import('../pages/new/NewJobPage.tsx')).NewJobPage }),
  job: async () => ({ Component: (await import('../pages/job/JobPage.tsx')).JobPage }),
  workers: async () => ({ Component: (await import('../pages/workers/WorkersPage.tsx')).WorkersPage }),
} as const;

/** Fetches all that comes in files of its own, so that it is there at once, and even while the farm is away for a moment. */
export function fetchPages(): void {
  // One that cannot be fetched now is asked for again when it is opened.
  for (const page of Object.values(pages)) page().catch(() => undefined);
  for (const kind of SITE_KINDS) kind.fetchParts();
  import('../api/upload.ts').catch(() => undefined);
}
