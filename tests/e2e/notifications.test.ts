/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSmtp } from '@parallel-pilot/client-backend/mail/smtp.fixture.ts';
import { startReceiver } from '@parallel-pilot/client-backend/notices/receiver.fixture.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Browser } from 'playwright-core';
import { findings } from '../support/accessibility.ts';
import { api } from '../support/api.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

let browser: Browser;
let farm: Farm | undefined;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await farm?.stop();
});

test('a person chooses on the site how they are told, is told by each way, and reads in the log what arrived', async (t) => {
  const [smtp, receiver] = await Promise.all([startSmtp(t), startReceiver(t)]);
  const env = { PILOT_SMTP_URL: smtp.url, PILOT_MAIL_FROM: 'The farm <farm@example.org>' };
  farm = await startFarm({ workers: 1, env });
  const { url } = farm;
  const context = await browser.newContext({ permissions: ['notifications'] });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${url}/notifications`);

  await page.getByRole('button', { name: 'Add a webhook' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Address').fill(`${receiver.url}/hook`);
  await dialog.getByRole('button', { name: 'Add it' }).click();
  await dialog.getByText(/which the farm calls for nobody\. An admin can allow it/).waitFor();
  const admin = await context.newPage();
  await admin.goto(`${url}/farm/settings`);
  const allow = admin.getByLabel('Webhooks may lead to private networks');
  // Also before the farm has heard of it.
  const atOnce = await allow.evaluate((input: HTMLInputElement) => {
    input.click();
    return input.checked;
  });
  assert.ok(atOnce, 'the switch jumped back until it was saved');
  await until(
    async () => (await api(url).json('GET', '/settings')).notifications.privateAddresses,
    'not saved',
  );
  await dialog.getByRole('button', { name: 'Add it' }).click();
  await page.getByText(/^whsec_/).waitFor();

  const mail = page.getByRole('region', { name: 'E-mail' });
  await mail.getByLabel('Address').fill('ada@example.org');
  await mail.getByLabel('It failed').check();
  await mail.getByRole('button', { name: 'Mail me' }).click();
  await mail.getByRole('button', { name: 'Remove ada@example.org' }).waitFor();

  const { create, reaches } = api(url);
  const run = (code: number): Promise<JobId> =>
    create({ kind: 'command', words: ['sh', '-c', `exit ${code}`] } as never);
  const [done, failed] = [await run(0), await run(3)];
  await Promise.all([reaches(done, 'completed'), reaches(failed, 'failed')]);
  await until(() => receiver.got.length === 2 && smtp.received.length === 1, 'not told of both');
  const types = receiver.got.map(({ body }) => [
    JSON.parse(`${body}`).type,
    JSON.parse(`${body}`).data.job.id,
  ]);
  assert.deepEqual(types.toSorted(), [
    ['job.done', done],
    ['job.failed', failed],
  ]);
  assert.match(smtp.received[0]?.text ?? '', new RegExp(failed));

  // New for whoever has not looked, in each of their tabs, and read where they do.
  const bell = (tab: typeof page, count: string) =>
    tab.getByRole('link', { name: `Notifications: ${count}`, exact: true }).waitFor();
  await Promise.all([bell(page, '2 new ones'), bell(admin, '2 new ones')]);
  const list = page.getByRole('list', { name: 'What you were told' });
  await until(
    async () => (await list.getByText('new', { exact: true }).count()) === 2,
    'the list never showed both as new',
  );
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    assert.deepEqual(await findings(page), []);
  }
  await admin.goto(`${url}/jobs/${failed}`);
  await Promise.all([bell(page, '1 new one'), bell(admin, '1 new one')]);
  await page.getByRole('button', { name: 'Mark all read' }).press('Enter');
  for (const tab of [page, admin])
    await tab.getByRole('link', { name: 'Notifications', exact: true }).waitFor();
  await list.getByText('new', { exact: true }).first().waitFor({ state: 'detached' });

  await page.getByRole('button', { name: /^Log: what .*hook was told/ }).click();
  await page.getByRole('dialog').getByText('answered with 204').first().waitFor();
  await page.keyboard.press('Escape');

  // No push service is reached from here; what one would hand over is shown all the same.
  const devtools = await context.newCDPSession(page);
  const worker = new Promise<string>((resolve) =>
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: [first] }) => {
      if (first !== undefined) resolve(first.registrationId);
    }),
  );
  await devtools.send('ServiceWorker.enable');
  const message = {
    title: 'Orbit is finished',
    body: 'The result is there.',
    tag: done,
    url: `${url}/jobs/${done}`,
  };
  for (let count = 0; count < 2; count += 1)
    await devtools.send('ServiceWorker.deliverPushMessage', {
      origin: url,
      registrationId: await worker,
      data: JSON.stringify(message),
    });
  const shown = await until(
    () =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.ready;
        const all = await registration.getNotifications();
        return all.length === 0 ? null : all.map(({ title, body, data }) => [title, body, data.url]);
      }),
    'nothing was shown',
  );
  assert.deepEqual(shown, [['Orbit is finished', 'The result is there.', `/jobs/${done}`]]);
  assert.deepEqual(errors, []);
  await context.close();
});
