import { createBrowserRouter } from 'react-router';
import { NotFoundPage } from '../pages/NotFoundPage.tsx';
import { BrokenPage } from './BrokenPage.tsx';
import { Gate } from './Gate.tsx';
import { pages } from './pages.ts';
import { Shell } from './Shell.tsx';

/** Which address shows which page. */
export const router = createBrowserRouter([
  // Links that open the farm to somebody: their secret stands behind the #, where no log has it.
  ...['welcome', 'invite', 'reset'].map((path) => ({
    path,
    lazy: pages.link,
    ErrorBoundary: BrokenPage,
    HydrateFallback: () => null,
  })),
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
              { path: 'sweeps/:id', lazy: pages.sweep },
              { path: 'pipelines', lazy: pages.pipelines },
              { path: 'templates/:id', lazy: pages.template },
              { path: 'pipelines/:id', lazy: pages.pipeline },
              { path: 'workers', lazy: pages.workers },
              { path: 'workers/:id', lazy: pages.worker },
              { path: 'account', lazy: pages.account },
              { path: 'notifications', lazy: pages.notifications },
              { path: 'team', lazy: pages.team },
              { path: 'device', lazy: pages.device },
              {
                path: 'farm',
                lazy: pages.farm,
                children: [
                  { path: 'people', lazy: pages.people },
                  { path: 'teams', lazy: pages.teams },
                  { path: 'settings', lazy: pages.farmSettings },
                  { path: 'audit', lazy: pages.audit },
                ],
              },
              { path: '*', Component: NotFoundPage },
            ],
          },
        ],
      },
    ],
  },
]);
