// Steps of a person, each of which the following ones need; each result is one line of JSON in the file that
// LLMSPELL_TEST_REPORT names.
import { appendFileSync } from 'node:fs';

/** A function that tries a step; when it fails, the rest cannot be tried. */
export function steps(suite) {
  return async (name, body) => {
    const started = Date.now();
    const report = (result) =>
      appendFileSync(process.env.LLMSPELL_TEST_REPORT, `${JSON.stringify({ test: `${suite}: ${name}`, ...result })}\n`);
    try {
      await body();
    } catch (error) {
      report({ passed: false, error: String(error).slice(0, 2_000) });
      throw error;
    }
    report({ passed: true, milliseconds: Date.now() - started });
  };
}
