/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Browser } from 'playwright-core';
import { api } from '../support/api.ts';
import { type Blends, makeBlends } from '../support/blends.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

let farm: Farm;
let browser: Browser;
let blends: Blends;
let job: JobId;
before(async () => {
  [farm, browser, blends] = await Promise.all([startFarm({ workers: 1 }), openBrowser(), makeBlends()]);
  const { submit, reaches } = api(farm.url);
  job = await submit(blends.path('quick'), { settings: { frames: '11-16' } });
  await reaches(job, 'completed');
});
after(async () => {
  await browser?.close();
  await farm?.stop();
  await blends?.remove();
});

test('a frame of a finished job is rendered again within the job, and its video made anew', async () => {
  const { chunks, json } = api(farm.url);
  const attempts = (await chunks(job)).chunks.map((one) => one.finishedAt);
  const { finishedAt } = await api(farm.url).job(job);
  const jobs = (await json('GET', '/jobs')).total;
  const page = await browser.newPage();
  await page.goto(`${farm.url}/jobs/${job}?frame=13`);
  await page.getByRole('button', { name: 'Render it again' }).click();
  await until(async () => {
    const now = await api(farm.url).job(job);
    return now.state === 'completed' && now.counts.done === 6 && now.finishedAt !== finishedAt;
  }, 'not made again');
  const after = (await chunks(job)).chunks.map((one) => one.finishedAt);
  assert.deepEqual(
    after.map((at, index) => at !== attempts[index]),
    [false, false, true, false, false, false],
  );
  assert.equal((await json('GET', '/jobs')).total, jobs, 'it became a job of its own');
  await page.getByRole('dialog').getByRole('img', { name: 'Frame 13 as it was rendered' }).waitFor();
  assert.equal(await page.getByRole('dialog').getByRole('listitem').count(), 2, 'both attempts are told');
  await page.close();
});

test('a frame that is being rendered tells its sample and its time', async () => {
  const { submit, json } = api(farm.url);
  const settings = {
    frames: '5',
    engine: 'CYCLES',
    samples: 20_000,
    resolutionX: 1_280,
    resolutionY: 720,
  } as const;
  const long = await submit(blends.path('quick'), { name: 'long', settings });
  const page = await browser.newPage();
  await page.goto(`${farm.url}/jobs/${long}`);
  await page.getByRole('button', { name: /^Frame 5: rendering/ }).click({ timeout: 60_000 });
  const now = page.getByRole('dialog').getByRole('region', { name: 'At the moment' });
  await now
    .getByText(/^[Ss]ample \d+/)
    .first()
    .waitFor();
  await now.getByText(/^for \d/).waitFor();
  await json('POST', `/jobs/${long}/cancel`);
  await page.close();
});

test('finished frames are played and scrubbed, laid over one another close up, and all on a sheet', async () => {
  const page = await browser.newPage();
  await page.goto(`${farm.url}/jobs/${job}`);
  await page.getByRole('button', { name: 'Play frames' }).click();
  const dialog = page.getByRole('dialog');
  const scrub = dialog.getByRole('slider', { name: 'Frame' });
  await scrub.waitFor();
  const seen = new Set<string>();
  await until(
    async () => seen.add((await scrub.getAttribute('aria-valuetext')) ?? '').size >= 6,
    'it does not play',
  );
  const paint = () =>
    dialog.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      return { width: canvas.width, colours: new Set(pixels).size };
    });
  await until(async () => (await paint()).colours > 2, 'nothing is drawn');
  assert.ok((await paint()).width <= 256);
  await dialog.getByRole('button', { name: 'Pause' }).press('Space');
  await dialog.getByRole('button', { name: 'Play' }).waitFor();
  const shows = (frame: string) =>
    until(async () => (await scrub.getAttribute('aria-valuetext')) === frame, `never at ${frame}`);
  await scrub.press('Home');
  await shows('Frame 11');
  await scrub.press('ArrowRight');
  await shows('Frame 12');
  await dialog.getByRole('img', { name: 'Frame 12 as it was rendered' }).waitFor();

  await dialog.getByText('Compare', { exact: true }).click();
  await dialog.getByRole('img', { name: 'Frame 11' }).waitFor();
  const over = dialog.getByRole('img', { name: 'Frame 16' });
  const cut = (by: RegExp) =>
    until(async () => by.test((await over.getAttribute('style')) ?? ''), `not cut by ${by}`);
  await cut(/inset\(0px 0px 0px 50%\)/);
  await dialog.getByRole('slider', { name: /How much of frame 11/ }).press('Home');
  await cut(/inset\(0px 0px 0px 0%\)|inset\(0px\)/);
  await dialog.getByRole('radiogroup', { name: 'Size' }).getByText('400 %').click();
  // Pixels of the screen for one of the frame; an image that is not there yet has none.
  const size = () =>
    over.evaluate((img: HTMLImageElement) => (img.clientWidth / img.naturalWidth) * devicePixelRatio);
  await until(async () => Math.round(await size()) === 4, 'not four times as large');

  await dialog.getByText('Sheet', { exact: true }).click();
  await dialog.getByRole('button', { name: 'Frame 14: open it' }).waitFor();
  assert.equal(await dialog.getByRole('button', { name: /: open it$/ }).count(), 6);
  await dialog.getByRole('button', { name: 'Frame 14: open it' }).click();
  await page.getByRole('dialog').getByText('Frame 14', { exact: false }).first().waitFor();
  await page.waitForURL((url) => url.search === '?frame=14');
  await page.goBack();
  await dialog.getByRole('button', { name: 'Frame 14: open it' }).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
  await until(async () => (await focused()).includes('Contact sheet'), 'the focus is not where it was');
  await page.waitForURL((url) => url.search === '');
  assert.equal(new URL(page.url()).pathname, `/jobs/${job}`);
  await page.close();
});

test('settings are kept under a name for another job, also through a reload', async () => {
  const { submit, reaches } = api(farm.url);
  const [one, other] = await Promise.all([
    submit(blends.path('quick'), { review: true }),
    submit(blends.path('quick'), { review: true, name: 'other' }),
  ]);
  await Promise.all([reaches(one, 'ready'), reaches(other, 'ready')]);
  const page = await browser.newPage({ serviceWorkers: 'block' });
  await page.goto(`${farm.url}/jobs/${one}`);
  await page.getByLabel('Samples').fill('7');
  await page.getByLabel('Frames', { exact: true }).fill('2-3');
  await page.getByRole('button', { name: 'Keep as a preset' }).click();
  await page.getByLabel('Name of the preset').fill('Dailies');
  await page.getByLabel('Name of the preset').press('Enter');
  await page.getByLabel('Preset', { exact: true }).waitFor();

  await page.goto(`${farm.url}/jobs/${other}`);
  const frames = page.getByLabel('Frames', { exact: true });
  const own = await frames.inputValue();
  await page.getByLabel('Preset', { exact: true }).selectOption('Dailies');
  assert.equal(await page.getByLabel('Samples').inputValue(), '7');
  assert.equal(await frames.inputValue(), own, 'the frames are the file’s own');
  await page.getByRole('button', { name: 'Forget it' }).click();
  await page.reload();
  await page.getByRole('button', { name: 'Keep as a preset' }).waitFor();
  assert.equal(await page.getByLabel('Preset', { exact: true }).count(), 0);

  // What the form lets pass and the farm does not: as from a page that is older than its farm.
  await page.route('**/settings', (route) =>
    route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), percentage: 0 }) }),
  );
  await page.getByRole('button', { name: 'Start rendering' }).click();
  const scale = page.getByLabel('Scale');
  await until(async () => (await scale.getAttribute('aria-invalid')) === 'true', 'not told at its field');
  assert.match(await page.locator('form').innerText(), /expected number to be >=1/);
  await page.close();
});

test('who wants it is told of a finished job while looking at something else, and can turn it off', async () => {
  const context = await browser.newContext();
  await context.grantPermissions(['notifications'], { origin: farm.url });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const told: string[] = [];
    Object.assign(window, { told, away: false });
    Object.defineProperty(document, 'hidden', { get: () => (window as unknown as { away: boolean }).away });
    // A browser without a screen shows none, and says not that it did.
    ServiceWorkerRegistration.prototype.showNotification = async (title) => void told.push(title);
    // A push service that does not answer before the job is over: meanwhile the page has to tell.
    PushManager.prototype.subscribe = () =>
      new Promise((_, refuse) =>
        Object.assign(window, { refusePush: () => refuse(new Error('no service')) }),
      );
  });
  const told = () => page.evaluate(() => (window as unknown as { told: string[] }).told);
  const leave = (away: boolean) =>
    page.evaluate((now) => {
      Object.assign(window, { away: now });
      document.dispatchEvent(new Event('visibilitychange'));
    }, away);
  await page.goto(`${farm.url}/jobs/${job}`);
  await page.getByRole('button', { name: 'Again with changes' }).click();
  await page.getByRole('button', { name: 'Start rendering' }).waitFor({ timeout: 60_000 });
  assert.equal(
    await page.getByRole('button', { name: 'Tell me' }).count(),
    0,
    'asked before anything was begun',
  );
  await page.getByLabel('Name of the job').fill('the long one');
  const { json, reaches } = api(farm.url);
  await page.getByLabel('Frames', { exact: true }).fill('1-2');
  // Two frames are done before one has left the page: they wait for that.
  const [worker] = (await json('GET', '/workers')).workers;
  await json('PATCH', `/workers/${worker.id}`, { disabled: true });
  await page.getByRole('button', { name: 'Start rendering' }).click();
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await page.getByRole('button', { name: 'Tell me' }).click();
  const begun = new URL(page.url()).pathname.slice('/jobs/'.length) as JobId;
  await leave(true);
  await json('PATCH', `/workers/${worker.id}`, { disabled: false });
  await reaches(begun, 'completed');
  await until(async () => (await told()).length > 0, 'nothing was told', 60_000);
  assert.deepEqual(await told(), ['the long one is finished']);
  await page.waitForFunction(() => 'refusePush' in window);
  await page.evaluate(() => (window as unknown as { refusePush: () => void }).refusePush());
  await leave(false);
  await page.getByRole('button', { name: 'More about this job' }).click();
  await page.getByRole('menuitem', { name: 'Tell me no more of finished jobs' }).click();
  await page.getByRole('button', { name: 'More about this job' }).click();
  await page.getByRole('menuitem', { name: 'Tell me of finished jobs' }).waitFor();
  await context.close();
});
