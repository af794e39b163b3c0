// Bundles the extension to out/extension.js; with --tests also each test file, for node's runner and for mocha.
import { readdirSync } from 'node:fs';
import * as esbuild from 'esbuild';

const production = process.argv.includes('--production');
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['vscode', 'mocha', 'vscode-oniguruma', 'vscode-textmate'],
  sourcemap: !production,
  logLevel: 'warning',
};
const extension = { ...common, entryPoints: ['src/extension.ts'], outfile: 'out/extension.js', minify: production };
const testFiles = ['unit', 'host'].flatMap((kind) => readdirSync(`src/test/${kind}`).map((file) => `src/test/${kind}/${file}`));
const tests = { ...common, entryPoints: testFiles, outdir: 'out/test', outbase: 'src/test' };

if (process.argv.includes('--watch')) {
  await (await esbuild.context(extension)).watch();
} else {
  await esbuild.build(extension);
  if (process.argv.includes('--tests')) {
    await esbuild.build(tests);
  }
}
