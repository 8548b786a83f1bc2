// Keeps the shell of the site, so that it opens while the farm is away and says so itself. What the farm
// knows is never answered from here: requests to /api, live messages and uploads are not touched.
// By hand: the usual generators bring two hundred packages to write these lines.
const SHELL = 'shell-1';
const PAGE = '/index.html';

self.addEventListener('install', (event) => {
  self.skipWaiting();
  event.waitUntil(
    caches.open(SHELL).then((cache) => cache.addAll(['/', '/color-scheme.js', '/favicon.svg'])),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate' && !url.pathname.startsWith('/api/')) event.respondWith(page(request));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(asset(request));
});

/** The newest page where the farm answers, else the one of the last visit. */
async function page(request) {
  const cache = await caches.open(SHELL);
  try {
    const answer = await fetch(request);
    // Every address of the site has the same page.
    if (answer.ok && answer.headers.get('content-type')?.startsWith('text/html')) {
      await cache.put(PAGE, answer.clone());
      await dropOldAssets(cache, await answer.clone().text());
    }
    return answer;
  } catch {
    return (await cache.match(PAGE)) ?? (await cache.match('/')) ?? Response.error();
  }
}

/** Names of assets hold a hash of what is in them: what is here is right. */
async function asset(request) {
  const cache = await caches.open(SHELL);
  const known = await cache.match(request);
  if (known !== undefined) return known;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

const ENTRY = /\/assets\/index-[\w-]+\.js/;

/** With a new build of the site what belonged to the one before goes. */
async function dropOldAssets(cache, html) {
  const entry = ENTRY.exec(html)?.[0];
  const assets = (await cache.keys()).filter(({ url }) => new URL(url).pathname.startsWith('/assets/'));
  const before = assets.find(({ url }) => ENTRY.test(url));
  if (entry === undefined || before === undefined || new URL(before.url).pathname === entry) return;
  await Promise.all(assets.map((request) => cache.delete(request)));
}

// What the farm has to tell, encrypted by it for this browser. What comes twice has one tag, and is shown once.
self.addEventListener('push', (event) => {
  const { title, body, tag, url } = event.data?.json() ?? {};
  if (typeof title !== 'string') return;
  const { pathname } = new URL(url ?? '/', self.location.origin);
  const options = { body, tag, icon: '/icon-192.png', data: { url: pathname } };
  event.waitUntil(self.registration.showNotification(title, options));
});

// Of a job that is over: to the page that is open, or a new one.
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url ?? '/', self.location.origin).href;
  event.waitUntil(
    self.clients.matchAll({ type: 'window' }).then(async ([page]) => {
      if (page === undefined) return self.clients.openWindow(url);
      await page.focus();
      return page.navigate(url);
    }),
  );
});
