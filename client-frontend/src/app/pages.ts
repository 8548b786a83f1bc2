import { createElement } from 'react';
import { useParams } from 'react-router';
import { OWN_PAGES, SITE_KINDS } from '../kinds/registry.ts';

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
  sweep: async () => {
    const parts = SITE_KINDS.map((kind) => kind.Sweep?.fetch());
    const [{ SweepPage }] = await Promise.all([import('../pages/sweep/SweepPage.tsx'), ...parts]);
    return { Component: SweepPage };
  },
  pipelines: async () => ({
    Component: (await import('../pages/pipelines/PipelinesPage.tsx')).PipelinesPage,
  }),
  pipeline: async () => ({ Component: (await import('../pages/pipelines/PipelinePage.tsx')).PipelinePage }),
  template: async () => ({ Component: (await import('../pages/pipelines/TemplatePage.tsx')).TemplatePage }),
  workers: async () => ({ Component: (await import('../pages/workers/WorkersPage.tsx')).WorkersPage }),
  worker: async () => ({ Component: (await import('../pages/workers/WorkerPage.tsx')).WorkerPage }),
  link: async () => ({ Component: (await import('../pages/links/LinkPage.tsx')).LinkPage }),
  account: async () => ({ Component: (await import('../pages/account/AccountPage.tsx')).AccountPage }),
  notifications: async () => ({
    Component: (await import('../pages/notifications/NotificationsPage.tsx')).NotificationsPage,
  }),
  team: async () => ({ Component: (await import('../pages/team/TeamPage.tsx')).TeamPage }),
  device: async () => ({ Component: (await import('../pages/device/DevicePage.tsx')).DevicePage }),
  farm: async () => ({ Component: (await import('../pages/farm/FarmPages.tsx')).FarmPages }),
  people: async () => ({ Component: (await import('../pages/farm/PeoplePage.tsx')).PeoplePage }),
  teams: async () => ({ Component: (await import('../pages/farm/TeamsPage.tsx')).TeamsPage }),
  farmSettings: async () => {
    const parts = SITE_KINDS.map((kind) => kind.FarmSettings?.fetch());
    const [{ SettingsPage }] = await Promise.all([import('../pages/farm/SettingsPage.tsx'), ...parts]);
    return { Component: SettingsPage };
  },
  audit: async () => ({ Component: (await import('../pages/farm/AuditPage.tsx')).AuditPage }),
} as const;

/** Of what kinds have beside jobs. */
export const ownPages = OWN_PAGES.flatMap(({ at, All, One }) => [
  {
    path: at,
    lazy: async () => {
      await All.fetch();
      return { Component: All.Part };
    },
  },
  {
    path: `${at}/:id`,
    lazy: async () => {
      await One.fetch();
      const Component = () => {
        const { id = '' } = useParams();
        return createElement(One.Part, { key: id, id });
      };
      return { Component };
    },
  },
]);

/** Fetches all that comes in files of its own, so that it is there at once, and even while the farm is away for a moment. */
export function fetchPages(): void {
  const { link: _link, account: _account, team: _team, device: _device, farm: _farm, ...rest } = pages;
  const {
    notifications: _notifications,
    people: _people,
    teams: _teams,
    audit: _audit,
    farmSettings: _settings,
    ...wanted
  } = rest;
  // One that cannot be fetched now is asked for again when it is opened.
  for (const page of Object.values(wanted)) page().catch(() => undefined);
  import('../api/upload.ts').catch(() => undefined);
}
