// A person who debugs with all that the workbench offers: breakpoints of every kind, values set, completion, targets.
// usage: debugging.mjs BASE_URL FOLDER; FOLDER holds stock.lua and a launch.json of two sessions.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { steps } from './steps.mjs';
import { command, goToLine, openBrowser, openFile, openWorkspace } from './workbench.mjs';

const [base, folder] = process.argv.slice(2);
const VARIABLES = '.debug-variables .monaco-list-row';
const STACK = '.debug-call-stack .monaco-list-row';
const BREAKPOINTS = '.pane:has(.pane-header:has-text("Breakpoints")) .monaco-list-row';
const CONSOLE = '.repl .monaco-list-row';
const script = 'stock.lua';
const lines = readFileSync(path.join(folder, script), 'utf8').split('\n');
const lineOf = (text) => lines.findIndex((line) => line.includes(text)) + 1;

const step = steps('debugging');
const { context, page } = await openBrowser();
const row = (rows, ...texts) => texts.reduce((found, text) => found.filter({ hasText: text }), page.locator(rows)).first();
const stoppedIn = (frame, text) => row(STACK, frame, `${lineOf(text)}:`).waitFor();

/** The locals are open, whatever was stopped at before. */
async function variable(...texts) {
  const found = row(VARIABLES, ...texts);
  const shown = await found.waitFor({ timeout: 3_000 }).then(() => true, () => false);
  if (!shown) await row(VARIABLES, 'Locals').click();
  await found.waitFor();
  return found;
}

/** What a breakpoint of the editor does besides stopping: typed into the widget that opens in the line. */
async function breakpointWith(title, text, typed) {
  await goToLine(page, lineOf(text));
  await command(page, title);
  await page.waitForSelector('.breakpoint-widget .monaco-editor.focused');
  await page.keyboard.type(typed);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.breakpoint-widget', { state: 'detached' });
}

async function withoutBreakpoints() {
  await command(page, 'Remove All Breakpoints');
  await page.waitForSelector('.monaco-editor [class*="codicon-debug-breakpoint"]', { state: 'detached' });
}

/** Takes a button of the debugger's toolbar. A key is lost while the focus goes from one part of the workbench to another. */
const act = (window, name) => window.locator(`.debug-toolbar .codicon-debug-${name}:not(.disabled)`).click();

async function stop() {
  await act(page, 'stop');
  await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
}

async function picture(name) {
  if (process.env.LLMSPELL_DEBUGGING_PICTURES) await page.screenshot({ path: `${process.env.LLMSPELL_DEBUGGING_PICTURES}-${name}.png` });
}

try {
  await step('stops where a conditional breakpoint holds', async () => {
    await openWorkspace(page, base, folder);
    await openFile(page, script);
    await breakpointWith('Debug: Add Conditional Breakpoint', 'local left = stock', 'count == 2');
    await page.waitForSelector('.codicon-debug-breakpoint-conditional');
    await command(page, 'LLMSpell: Debug LLMSpell Script');
    await page.waitForSelector('.debug-toolbar', { timeout: 30_000 });
    await stoppedIn('sell', 'local left = stock');
    await variable('count', '2');
  });

  await step('shows the exception breakpoints, uncaught errors checked', async () => {
    for (const [label, checked] of [['Raised Errors', false], ['Caught Errors', false], ['Uncaught Errors', true], ['Syntax Errors', false], ['Tool Errors', false]]) {
      const box = row(BREAKPOINTS, label).getByRole('checkbox');
      await box.waitFor();
      if ((await box.isChecked()) !== checked) throw new Error(`${label} is ${checked ? 'not ' : ''}checked`);
    }
    await picture('exceptions');
  });

  await step('sets a value in the variables, which the script goes on with', async () => {
    await act(page, 'step-over');
    await stoppedIn('sell', 'stock[kind] = left');
    const left = await variable('left', '3');
    await left.dblclick();
    const input = page.locator('.debug-variables .monaco-inputbox input');
    await input.fill('40 + 2');
    await page.keyboard.press('Enter');
    await variable('left', '42');
    await picture('set-value');
  });

  await step('steps into the call that was chosen', async () => {
    await act(page, 'step-over');
    await stoppedIn('sell', 'history[#history');
    await page.keyboard.press('Control+F11');
    await page.locator('.quick-input-list .monaco-list-row, .context-view .action-label', { hasText: 'describe' }).first().waitFor({ timeout: 3_000 }).then(
      () => page.locator('.quick-input-list .monaco-list-row, .context-view .action-label', { hasText: 'describe' }).first().click(),
      // With one call in the line the workbench steps into it without asking.
      () => undefined,
    );
    await stoppedIn('describe', 'return kind ..');
  });

  await step('breaks on a value change', async () => {
    await act(page, 'step-out');
    await stoppedIn('sell', 'history[#history');
    await withoutBreakpoints();
    await act(page, 'step-out');
    await stoppedIn('stock.lua', 'print("sold"');
    const stock = await variable('stock =');
    await stock.click();
    await page.keyboard.press('ArrowRight');
    const apples = await variable(/^\s*apples\s*=\s*42/);
    await apples.click({ button: 'right' });
    await page.locator('.monaco-menu .action-label, .context-view .action-label', { hasText: 'Break on Value Change' }).first().hover();
    await page.keyboard.press('Enter');
    await row(BREAKPOINTS, 'apples').waitFor();
    await picture('data-breakpoint');
    await act(page, 'continue');
    await row(STACK, 'sell').waitFor();
    await row(STACK, 'stock.lua', `${lineOf('local left = sell')}:`).waitFor();
    await stop();
    await withoutBreakpoints();
  });

  await step('writes the message of a logpoint and stops at a function breakpoint', async () => {
    await breakpointWith('Debug: Add Logpoint', 'local left = stock', 'sells {count} of {kind}');
    await page.waitForSelector('.codicon-debug-breakpoint-log');
    await command(page, 'Add Function Breakpoint');
    await page.locator('.pane:has(.pane-header:has-text("Breakpoints")) input:not([type="checkbox"])').first().fill('describe');
    await page.keyboard.press('Enter');
    await row(BREAKPOINTS, 'describe').waitFor();
    await openFile(page, script);
    await command(page, 'LLMSpell: Debug LLMSpell Script');
    await page.waitForSelector('.debug-toolbar', { timeout: 30_000 });
    await stoppedIn('describe', 'return kind ..');
    await command(page, 'Debug Console: Focus on Debug Console View');
    await row(CONSOLE, 'sells 1 of apples').waitFor();
    await picture('function-breakpoint');
  });

  await step('restarts, and stops at the function breakpoint again', async () => {
    await act(page, 'continue');
    await row(CONSOLE, 'sells 2 of apples').waitFor();
    await stoppedIn('describe', 'return kind ..');
    await act(page, 'restart');
    // The console begins anew with the script.
    await row(CONSOLE, 'sells 2 of apples').waitFor({ state: 'detached' });
    await row(CONSOLE, 'sells 1 of apples').waitFor();
    await stoppedIn('describe', 'return kind ..');
    await stop();
    await withoutBreakpoints();
  });

  await step('debugs one script in two windows: both see the stop, one lets it go on', async () => {
    const other = await context.newPage();
    await command(page, 'Select and Start Debugging');
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Launch shared' }).first().click();
    await stoppedIn('stock.lua', 'local stock =');
    await openWorkspace(other, base, folder);
    await openFile(other, script);
    // The extension is there, and with it what it contributes to the debugger.
    await other.locator('.statusbar-item', { hasText: 'LLMSpell Lua' }).waitFor();
    await command(other, 'Select and Start Debugging');
    await other.locator('.quick-input-list .monaco-list-row', { hasText: 'Attach shared' }).first().click();
    await other.waitForSelector('.debug-top-stack-frame-line');
    await command(other, 'View: Show Run and Debug');
    await other.locator(STACK, { hasText: `${lineOf('local stock =')}:` }).first().waitFor();
    if (process.env.LLMSPELL_DEBUGGING_PICTURES) await other.screenshot({ path: `${process.env.LLMSPELL_DEBUGGING_PICTURES}-second.png` });
    await act(other, 'step-over');
    await other.locator(STACK, { hasText: `${lineOf('local history =')}:` }).first().waitFor();
    await stoppedIn('stock.lua', 'local history =');
    await page.bringToFront();
    await act(page, 'continue');
    await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    await other.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    await other.close();
  });

  await step('completes a name of the frame in the debug console', async () => {
    await breakpointWith('Debug: Add Conditional Breakpoint', 'stock[kind] = left', 'count == 2');
    await command(page, 'LLMSpell: Debug LLMSpell Script');
    await stoppedIn('sell', 'stock[kind] = left');
    await command(page, 'Debug Console: Focus on Debug Console View');
    await page.waitForSelector('.repl .repl-input-wrapper .monaco-editor.focused');
    await page.keyboard.type('histo');
    await page.keyboard.press('Control+Space');
    await page.locator('.suggest-widget .monaco-list-row', { hasText: 'history' }).first().waitFor();
    await picture('completion');
    await page.keyboard.press('Tab'); // Enter takes no suggestion in this console
    await page.keyboard.press('Enter');
    await row(CONSOLE, '"apples: 5"').waitFor();
  });
} catch (error) {
  console.error(error);
  if (process.env.LLMSPELL_FAILURE_PICTURE) {
    for (const [index, window] of context.pages().entries()) {
      const name = index === 0 ? 'debugging' : `debugging-window-${index + 1}`;
      await window.screenshot({ path: process.env.LLMSPELL_FAILURE_PICTURE.replace('person', name) }).catch(console.error);
    }
  }
  process.exitCode = 1;
} finally {
  await context.close();
}
