/// <reference lib="dom" />
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe-core finds wrong with the page as it stands, by these rules or by all: a line for each rule and place, none where all is well. */
export async function findings(page: Page, rules?: string[]): Promise<string[]> {
  // Evaluated, not added as a script, which the site's content security policy would refuse.
  await page.evaluate(await readFile(axeFile, 'utf8'));
  // What is still fading in has no contrast yet.
  await page.evaluate(async () => {
    const ends = document
      .getAnimations()
      .filter((one) => one.effect?.getComputedTiming().iterations === 1)
      .map((one) => one.finished.catch(() => undefined));
    await Promise.all(ends);
  });
  const { violations } = await page.evaluate(
    (only): Promise<AxeResults> =>
      (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run(
        only === undefined ? {} : { runOnly: only },
      ),
    rules,
  );
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${impact}) at ${target.join(' ')}: ${failureSummary}`),
  );
}
