import { createBrowserRouter } from 'react-router';
import { NotFoundPage } from '../pages/NotFoundPage.tsx';
import { BrokenPage } from './BrokenPage.tsx';
import { Gate } from './Gate.tsx';
import { Shell } from './Shell.tsx';

/** The pages, each loaded when it is first opened. */
export const router = createBrowserRouter([
  {
    Component: Gate,
    ErrorBoundary: BrokenPage,
    HydrateFallback: () => null,
    children: [
      {
        Component: Shell,
        children: [
          {
            ErrorBoundary: BrokenPage,
            children: [
              {
                index: true,
                lazy: async () => ({ Component: (await import('../pages/jobs/JobsPage.tsx')).JobsPage }),
              },
              {
                path: 'new',
                lazy: async () => ({ Component: (await import('../pages/new/NewJobPage.tsx')).NewJobPage }),
              },
              {
                path: 'jobs/:id',
                lazy: async () => ({ Component: (await import('../pages/job/JobPage.tsx')).JobPage }),
              },
              {
                path: 'workers',
                lazy: async () => ({
                  Component: (await import('../pages/workers/WorkersPage.tsx')).WorkersPage,
                }),
              },
              { path: '*', Component: NotFoundPage },
            ],
          },
        ],
      },
    ],
  },
]);
