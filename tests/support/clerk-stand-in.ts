/// <reference lib="dom" />

/** What a page's stand-in asks of its test: a session token, made now. */
type Farmside = Window & { sessionToken(): Promise<string>; Clerk: unknown; clerkOptions: unknown };

/**
 * Stands in for Clerk's own script, which the page fetches from Clerk's host: a form of one button, a session whose
 * tokens the test makes, and the cookie that Clerk keeps them in.
 */
function standIn(): void {
  const page = window as unknown as Farmside & { __internal_ClerkUICtor: unknown };
  // It is fetched twice: as Clerk's script, and as that of its forms.
  if (page.Clerk !== undefined) return;
  const nobody = { client: {}, session: null, user: null, organization: null };
  let resources: Record<string, unknown> = nobody;
  const listeners = new Set<(resources: unknown) => void>();
  const clerk = {
    version: '0.0.0',
    loaded: false,
    status: 'loading',
    __internal_lastEmittedResources: undefined as unknown,
    get client() {
      return resources.client;
    },
    get session() {
      return resources.session;
    },
    get user() {
      return resources.user;
    },
    get organization() {
      return resources.organization;
    },
    addListener(listener: (resources: unknown) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    on(name: string, listener: (status: string) => void, how?: { notify?: boolean }) {
      if (name === 'status' && how?.notify === true) listener(clerk.status);
    },
    off() {},
    async load(options: unknown) {
      page.clerkOptions = options;
      clerk.loaded = true;
      clerk.status = 'ready';
      // As Clerk does after the page was left and opened again.
      become(document.cookie.includes('__session=ey') ? somebody : nobody);
    },
    mountSignIn(node: HTMLElement) {
      const button = document.createElement('button');
      button.textContent = 'Continue at Clerk';
      button.onclick = () => become(somebody);
      node.append(button);
    },
    unmountSignIn: (node: HTMLElement) => node.replaceChildren(),
    mountOrganizationSwitcher() {},
    unmountOrganizationSwitcher() {},
    __internal_updateProps() {},
    __experimental_prefetchOrganizationSwitcher() {},
    async signOut() {
      // biome-ignore lint/suspicious/noDocumentCookie: as Clerk does it
      document.cookie = '__session=; path=/; max-age=0';
      become(nobody);
    },
  };
  const somebody = {
    client: {},
    user: { id: 'user_1', organizationMemberships: [] },
    organization: null,
    session: {
      id: 'sess_1',
      status: 'active',
      lastActiveToken: { jwt: { claims: {} } },
      async getToken() {
        const token = await page.sessionToken();
        // biome-ignore lint/suspicious/noDocumentCookie: as Clerk does it
        document.cookie = `__session=${token}; path=/; samesite=lax`;
        return token;
      },
    },
  };
  const become = (next: Record<string, unknown>) => {
    resources = next;
    clerk.__internal_lastEmittedResources = next;
    for (const listener of listeners) listener(next);
  };
  page.__internal_ClerkUICtor = class {};
  page.Clerk = clerk;
}

export const CLERK_SCRIPT = `(${standIn.toString()})();`;
