/**
 * Runs the tests of this folder with mocha inside the extension host. Each result goes as one line of JSON to the
 * file that LLMSPELL_TEST_REPORT names: the host's own console is not seen from outside.
 */
import { appendFileSync, readdirSync } from 'node:fs';
import * as path from 'node:path';
import Mocha from 'mocha';

class LineReporter {
  constructor(runner: Mocha.Runner) {
    const report = process.env['LLMSPELL_TEST_REPORT'];
    if (report === undefined) {
      throw new Error('LLMSPELL_TEST_REPORT does not name a file for the results');
    }
    const write = (outcome: object): void => appendFileSync(report, `${JSON.stringify(outcome)}\n`);
    runner.on('pass', (test) => write({ test: test.fullTitle(), passed: true, milliseconds: test.duration }));
    runner.on('fail', (test, error: Error) => write({ test: test.fullTitle(), passed: false, error: error.stack ?? String(error) }));
  }
}

export function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'tdd', timeout: 30_000, reporter: LineReporter as unknown as Mocha.ReporterConstructor });
  for (const file of readdirSync(__dirname).filter((name) => name.endsWith('.test.js'))) {
    mocha.addFile(path.join(__dirname, file));
  }
  return new Promise((resolve, reject) => {
    mocha.run((failures) => (failures === 0 ? resolve() : reject(new Error(`${failures} tests failed`))));
  });
}
