// Runs the extension's tests inside the extension host of a VS Code server that was started with its smoke-test driver.
// usage: extension_host.mjs BASE_URL WORKSPACE EXTENSION TESTS; the exit code is that of the tests
import { HEIGHT, WIDTH, openBrowser } from './workbench.mjs';

const LIMIT = 150_000;
const [base, workspace, extension, tests] = process.argv.slice(2);
const remote = (file) => `vscode-remote://${new URL(base).host}${file}`;
const payload = [
  ['extensionDevelopmentPath', remote(extension)],
  ['extensionTestsPath', remote(tests)],
  ['skipWelcome', 'true'],
];

const { context, page } = await openBrowser();
let code;
try {
  code = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the tests did not end within ${LIMIT / 1000} s`)), LIMIT);
    page.on('console', (message) => console.log(`[console] ${message.text().slice(0, 400)}`));
    const start = async () => {
      await page.exposeFunction('codeAutomationLog', (type, values) => console.log(`[${type}]`, ...values));
      await page.exposeFunction('codeAutomationExit', (exitCode) => {
        clearTimeout(timer);
        resolve(exitCode);
      });
      await page.goto(`${base}/?${new URLSearchParams({ folder: workspace, payload: JSON.stringify(payload) })}`);
    };
    start().catch(reject);
  });
} finally {
  if (code !== 0 && process.env.LLMSPELL_FAILURE_PICTURE) {
    await page.screenshot({ path: process.env.LLMSPELL_FAILURE_PICTURE, clip: { x: 0, y: 0, width: WIDTH, height: HEIGHT } }).catch(console.error);
  }
  await context.close();
}
process.exit(code);
