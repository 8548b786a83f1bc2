import { createBrowserRouter } from 'react-router';
import { NotFoundPage } from '../pages/NotFoundPage.tsx';
import { BrokenPage } from './BrokenPage.tsx';
import { Gate } from './Gate.tsx';
import { pages } from './pages.ts';
import { Shell } from './Shell.tsx';

/** Which address shows which page. */
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
              { index: true, lazy: pages.jobs },
              { path: 'new', lazy: pages.newJob },
              { path: 'jobs/:id', lazy: pages.job },
              { path: 'compare', lazy: pages.compare },
              { path: 'workers', lazy: pages.workers },
              { path: '*', Component: NotFoundPage },
            ],
          },
        ],
      },
    ],
  },
]);
