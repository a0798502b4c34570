// Opens pages in headless Chromium and talks to them:
//
//     node drive.mjs NODE_MODULES JOBS.json
//
// A job: page, prompts, own (at the machine's own pace), again (switch the machine off and on before each prompt), inputs (values of what is measured),
// listing (wait for it), report (it is one: no talk), unscripted, at (what is seen of it), still (nothing flashes), screenshots ([{ path, width, height, dark }]), screen (path of a picture of the canvas alone). Prints
// a line of JSON for each job: answers, took (milliseconds from the line to its answer), last (what the page shows of the last step), lamps, listing (its length), problems.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, jobs] = process.argv.slice(2);
const { chromium } = createRequire(resolve(modules, 'any.js'))('playwright-core');
const quiet = ['--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', ...quiet] });

async function settled(page) {
  await page.waitForFunction(() => document.body.dataset.state !== 'running', null, { timeout: 300_000 });
}

async function talk(page, job) {
  const took = [];
  await settled(page);
  await page.check(job.own ? '#own' : '#flat');
  for (const [at, value] of (job.inputs ?? []).entries()) await page.fill(`#reading-${at}`, String(value));
  for (const prompt of job.prompts ?? []) {
    if (job.again) {
      await page.click('#reset');
      await settled(page);
    }
    const before = await page.locator('#answers tr').count();
    await page.fill('#line', prompt);
    const begin = performance.now();
    await page.press('#line', 'Enter');
    // Neither is answered.
    if (['', '!'].includes(prompt)) {
      await settled(page);
      continue;
    }
    await page.waitForFunction(
      (count) => document.body.dataset.state === 'fault' || document.querySelectorAll('#answers tr').length > count,
      before,
      { timeout: 300_000 },
    );
    took.push(performance.now() - begin);
  }
  return took;
}

async function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

for (const job of JSON.parse(readFileSync(jobs, 'utf8'))) {
  const context = await browser.newContext({ viewport: { width: 390, height: 800 }, javaScriptEnabled: !job.unscripted, reducedMotion: job.still ? 'reduce' : null });
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) problems.push(`a request for ${request.url()}`);
  });
  await page.goto(pathToFileURL(job.page).href);
  const found = {};
  if (!job.report) {
    found.took = await talk(page, job);
    const answers = await page.locator('#answers tr').evaluateAll((rows) => rows.map((row) => row.dataset.answer));
    found.answers = answers.map((answer) => JSON.parse(answer));
    found.state = await page.evaluate(() => document.body.dataset.state);
    found.said = await page.textContent('#state');
    found.terminal = await page.textContent('#terminal');
    const last = page.locator('#last-step data');
    found.last = (await last.count()) ? Number(await last.getAttribute('value')) : null;
    found.lamps = await page.locator('#lamp-list li').allTextContents();
    if (job.screen) {
      const url = await page.evaluate(() => document.getElementById('screen').toDataURL('image/png'));
      writeFileSync(job.screen, Buffer.from(url.split(',')[1], 'base64'));
    }
    if (job.listing) {
      await page.click('#listing-button');
      await page.waitForFunction(() => document.getElementById('listing').textContent !== '');
      found.listing = await page.textContent('#listing');
    }
  }
  for (const { path, width, height, dark } of job.screenshots ?? []) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
    await page.evaluate((at) => (at ? document.querySelector(at).scrollIntoView() : scrollTo(0, 0)), job.at ?? null);
    await page.screenshot({ path });
  }
  await page.setViewportSize({ width: 390, height: 800 });
  found.overflow = await overflow(page);
  console.log(JSON.stringify({ ...found, problems }));
  await context.close();
}
await browser.close();
