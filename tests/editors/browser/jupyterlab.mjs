// A person in JupyterLab with our kernel: runs cells, completes, debugs a cell.
// usage: jupyterlab.mjs BASE_URL NOTEBOOK PLAN_FILE. The plan (JSON) says what the cells are and what must be seen.
import { readFileSync } from 'node:fs';
import { steps } from './steps.mjs';
import { openBrowser } from './workbench.mjs';

const [base, notebook, planFile] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planFile, 'utf8'));
const STACK = '.jp-DebuggerCallstack-body li';
const VARIABLES = '.jp-DebuggerVariables-body';

const step = steps('jupyterlab');
const { context, page } = await openBrowser();

const cell = (number) => page.locator('.jp-Notebook .jp-CodeCell').nth(number);
const number = (name) => plan.cells.findIndex((one) => one.name === name);

async function focus(number) {
  await cell(number).locator('.cm-content').click();
  await page.keyboard.press('Control+End');
}

/** Runs a cell. Lab swallows the key while it still settles: it is repeated until the cell's prompt changes. */
async function run(number) {
  for (let attempt = 0; ; attempt++) {
    await focus(number);
    await page.keyboard.press('Control+Enter');
    try {
      await cell(number).locator('.jp-InputPrompt', { hasText: /\[(\d+|\*)\]/ }).waitFor({ timeout: 3_000 });
      return;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

/** Waits until the cell has a number, which it gets when the kernel runs it. */
const ran = (number) => cell(number).locator('.jp-InputPrompt', { hasText: /\[\d+\]/ }).waitFor();

try {
  await step('opens a notebook, and its kernel starts', async () => {
    await page.goto(`${base}/lab/tree/${notebook}?reset`);
    await cell(0).waitFor({ timeout: 60_000 });
    await page.waitForSelector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', { timeout: 60_000 });
    await page.locator('.jp-KernelName', { hasText: plan.kernel }).first().waitFor();
  });

  for (const [index, { name, shows }] of plan.cells.entries()) {
    if (!shows) continue;
    await step(`runs a cell with ${name}`, async () => {
      await run(index);
      await ran(index);
      for (const { selector, text } of shows) {
        await cell(index).locator(selector, { hasText: text }).first().waitFor();
      }
    });
  }

  await step('completes a global of the session with Tab', async () => {
    const index = number('a name to complete');
    await focus(index);
    await page.keyboard.press('Tab');
    await page.locator('.jp-Completer-item', { hasText: plan.completed }).first().waitFor();
    await page.keyboard.press('Enter');
    await cell(index).locator('.cm-content', { hasText: plan.completed }).waitFor();
  });

  await page.screenshot({ path: process.env.LLMSPELL_SCREENSHOT });

  const debugged = number('a function to debug');
  await step('turns the debugger on', async () => {
    await page.locator('.jp-DebuggerBugButton').first().click();
    await page.waitForSelector('.jp-DebuggerSidebar');
    await page.locator('.jp-DebuggerBugButton[aria-pressed="true"]').first().waitFor();
  });

  await step('stops a cell at a breakpoint and sees its variables', async () => {
    await focus(debugged);
    const line = await cell(debugged).locator('.cm-line').nth(plan.breakpoint.line - 1).boundingBox();
    const gutter = await cell(debugged).locator('div.cm-breakpoint-gutter').boundingBox();
    await page.mouse.click(gutter.x + gutter.width / 2, line.y + line.height / 2);
    await cell(debugged).locator('.cm-breakpoint-icon').filter({ visible: true }).first().waitFor();
    await run(debugged);
    await page.locator(STACK, { hasText: plan.breakpoint.frame }).first().waitFor();
    for (const text of plan.breakpoint.variables) {
      await page.locator(VARIABLES, { hasText: text }).first().waitFor();
    }
    await cell(debugged).locator('.jp-DebuggerEditor-highlight').first().waitFor();
  });

  await page.screenshot({ path: process.env.LLMSPELL_SCREENSHOT.replace('.png', '-debugger.png') });

  await step('steps over a line and sees the new value', async () => {
    await page.locator('[title^="Next"]').first().click();
    for (const text of plan.breakpoint.afterStep) {
      await page.locator(VARIABLES, { hasText: text }).first().waitFor();
    }
  });

  await step('continues to the end of the cell', async () => {
    await page.locator('[title^="Continue"]').first().click();
    await ran(debugged);
    await cell(debugged).locator('.jp-OutputArea-output', { hasText: plan.breakpoint.output }).first().waitFor();
  });
} catch (error) {
  console.error(error);
  if (process.env.LLMSPELL_FAILURE_PICTURE) {
    await page.screenshot({ path: process.env.LLMSPELL_FAILURE_PICTURE }).catch(console.error);
  }
  process.exitCode = 1;
} finally {
  await context.close();
}
