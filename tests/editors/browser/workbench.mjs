// The VS Code workbench in headless Chromium, driven like a person drives it: keys, clicks, and waiting for what shows.
import { createRequire } from 'node:module';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

// The driver lies in the bed, not beside this file.
const { chromium } = createRequire(path.join(process.env.LLMSPELL_BED_MODULES, 'here.js'))('playwright-core');

export const WIDTH = 1400;
export const HEIGHT = 900;

export async function openBrowser() {
  const context = await chromium.launchPersistentContext(mkdtempSync(path.join(tmpdir(), 'browser-')), {
    executablePath: process.env.LLMSPELL_CHROMIUM,
    headless: true,
    viewport: { width: WIDTH, height: HEIGHT },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  context.setDefaultTimeout(20_000);
  return { context, page: context.pages()[0] ?? (await context.newPage()) };
}

export async function openWorkspace(page, base, folder) {
  await page.goto(`${base}/?${new URLSearchParams({ folder })}`);
  await page.waitForSelector('.monaco-workbench .part.editor', { timeout: 60_000 });
  await page.waitForSelector('.statusbar-item', { timeout: 60_000 });
}

const QUICK_INPUT = '.quick-input-widget:not([style*="display: none"]) input';

/** Opens a quick pick by its key, types, and takes the first row once it shows `row`. */
async function pick(page, key, text, row) {
  // The workbench swallows keys until it has registered them, and a debugger that stops takes the focus away: the key
  // is repeated until the input shows what was looked for.
  for (let attempt = 0; ; attempt++) {
    await page.keyboard.press(key);
    try {
      await page.waitForSelector(QUICK_INPUT, { timeout: 3_000 });
      await page.locator(QUICK_INPUT).first().fill(text, { timeout: 3_000 });
      await page.locator('.quick-input-list .monaco-list-row.focused', { hasText: row }).first().waitFor({ timeout: 5_000 });
      break;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
  await page.keyboard.press('Enter');
  // What was picked is done once its quick pick is gone, or has become the next one.
  await page.waitForFunction(
    ([selector, typed]) => [...document.querySelectorAll(selector)].every((input) => input.value !== typed || input.offsetParent === null),
    [QUICK_INPUT, text],
  );
}

export const command = (page, title) => pick(page, 'F1', `>${title}`, title);

export async function openFile(page, name) {
  await pick(page, 'Control+p', name, name);
  await page.waitForSelector(`.tab.active[data-resource-name="${name}"]`);
}

/** Puts the cursor into the line that holds `text`. */
export async function goToLine(page, line) {
  await page.keyboard.press('Control+g');
  await page.waitForSelector(QUICK_INPUT);
  await page.locator(QUICK_INPUT).first().fill(`:${line}`);
  // Before its row shows, the key would be lost.
  await page.locator('.quick-input-list .monaco-list-row', { hasText: new RegExp(`line ${line}\\b`) }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.waitForSelector(QUICK_INPUT, { state: 'hidden' });
}
