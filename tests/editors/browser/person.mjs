// A person with the installed extension: opens a script, sets a breakpoint (F9), starts (F5), looks, steps, continues.
// usage: person.mjs BASE_URL FOLDER PLAN_FILE. The plan (JSON) says which file, which lines and what must be seen;
// each step's result goes as one line of JSON to the file that LLMSPELL_TEST_REPORT names.
import { readFileSync } from 'node:fs';
import { steps } from './steps.mjs';
import { command, goToLine, openBrowser, openFile, openWorkspace } from './workbench.mjs';

const [base, folder, planFile] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planFile, 'utf8'));
const VARIABLES = '.debug-variables .monaco-list-row';
const STACK = '.debug-call-stack .monaco-list-row';

const step = steps('person');
const { context, page } = await openBrowser();

const row = (rows, ...texts) => texts.reduce((found, text) => found.filter({ hasText: text }), page.locator(rows)).first();

/** More room for the variables: a wider side bar, and no empty Watch view. */
async function arrangeForPicture() {
  await page.locator('.debug-pane .pane-header, .pane-header', { hasText: 'Watch' }).first().click();
  const side = await page.locator('.part.sidebar').boundingBox();
  const edge = { x: side.x + side.width, y: 500 };
  await page.mouse.move(edge.x + 1, edge.y);
  await page.mouse.down();
  await page.mouse.move(edge.x + 110, edge.y, { steps: 5 });
  await page.mouse.up();
  await page.mouse.move(900, 480);
}

try {
  await step('opens a script, which gets the language LLMSpell Lua', async () => {
    await openWorkspace(page, base, folder);
    await openFile(page, plan.breakpoint.file);
    await page.locator('.statusbar-item', { hasText: 'LLMSpell Lua' }).waitFor();
  });

  await step('reads what the word under the mouse means', async () => {
    // A hover that is asked for while the server starts stays empty: it is asked for again.
    for (let attempt = 0; ; attempt++) {
      await page.mouse.move(1_000, 700);
      await page.locator('.view-line span', { hasText: new RegExp(`^${plan.hover.word}$`) }).first().hover();
      try {
        await page.locator('.monaco-hover', { hasText: plan.hover.text }).first().waitFor({ timeout: 4_000 });
        break;
      } catch (error) {
        if (attempt === 4) throw error;
      }
    }
    await page.keyboard.press('Escape');
  });

  await step('sets a breakpoint with F9', async () => {
    await goToLine(page, plan.breakpoint.line);
    await page.keyboard.press('F9');
    await page.waitForSelector('.codicon-debug-breakpoint');
  });

  await step('starts the program with F5, without a launch.json, and stops in its module', async () => {
    await openFile(page, plan.program);
    await page.keyboard.press('F5');
    await page.waitForSelector('.debug-toolbar', { timeout: 30_000 });
    await page.waitForSelector('.debug-top-stack-frame-line', { timeout: 30_000 });
    await page.waitForSelector(`.tab.active[data-resource-name="${plan.breakpoint.file}"]`);
  });

  await step('sees the call stack', async () => {
    for (const { frame, line } of plan.stack) {
      await row(STACK, frame, `${line}:`).waitFor();
    }
  });

  await step('sees the variables', async () => {
    const first = row(VARIABLES, plan.variables[0].name, plan.variables[0].value);
    const shown = await first.waitFor({ timeout: 2_000 }).then(() => true, () => false);
    if (!shown) {
      await row(VARIABLES, plan.scope).click();
    }
    for (const { name, value } of plan.variables) {
      await row(VARIABLES, name, value).waitFor();
    }
  });

  await step('opens a table', async () => {
    const { name, member, value } = plan.expand;
    await page.locator(VARIABLES, { hasText: new RegExp(`^${name} =`) }).click();
    await page.keyboard.press('ArrowRight');
    await row(VARIABLES, member, value).waitFor();
  });

  await step('evaluates an expression in the debug console', async () => {
    await command(page, 'Debug Console: Focus on Debug Console View');
    await page.waitForSelector('.repl .repl-input-wrapper .monaco-editor.focused');
    await page.keyboard.type(plan.evaluate.expression);
    await page.keyboard.press('Enter');
    await page.locator('.repl .monaco-list-row', { hasText: plan.evaluate.result }).last().waitFor();
  });

  if (process.env.LLMSPELL_SCREENSHOT) {
    await arrangeForPicture();
    // The picture is taken when nothing moves any more: two of them are the same.
    let before = '';
    for (let attempt = 0; attempt < 20; attempt++) {
      const picture = await page.screenshot({ path: process.env.LLMSPELL_SCREENSHOT });
      if (picture.toString('base64') === before) break;
      before = picture.toString('base64');
      await page.waitForTimeout(300);
    }
  }

  await step('takes the breakpoint away with F9 and steps out of the function with Shift+F11', async () => {
    await goToLine(page, plan.breakpoint.line);
    await page.keyboard.press('F9');
    await page.waitForSelector('.codicon-debug-breakpoint', { state: 'detached' });
    await page.keyboard.press('Shift+F11');
    await row(STACK, plan.next.frame, `${plan.next.line}:`).waitFor();
  });

  await step('continues with F5 to the end, and reads the output', async () => {
    await page.keyboard.press('F5');
    await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    await command(page, 'Debug Console: Focus on Debug Console View');
    await page.locator('.repl .monaco-list-row', { hasText: plan.output }).first().waitFor();
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
