import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import {
  type Configuration,
  type Resolved,
  afterSubstitution,
  attachToKernel,
  beforeSubstitution,
  currentFile,
  currentFileFromEntry,
  currentFileInTerminal,
} from '../../debugConfiguration';

function launch(fields: Record<string, unknown>): Configuration {
  return { type: 'llmspell', request: 'launch', name: 'n', program: '/w/a.lua', ...fields };
}

function configurationOf(resolved: Resolved): Configuration {
  assert.ok('configuration' in resolved, JSON.stringify(resolved));
  return resolved.configuration;
}

function problemOf(resolved: Resolved): string {
  assert.ok('problem' in resolved, JSON.stringify(resolved));
  return resolved.problem;
}

describe('before substitution', () => {
  for (const language of ['llmspell', 'lua']) {
    test(`an empty configuration means the current file (${language})`, () => {
      assert.equal(configurationOf(beforeSubstitution({}, language))['program'], '${file}');
    });
  }

  test('an empty configuration without a script says what to do', () => {
    assert.match(problemOf(beforeSubstitution({}, 'python')), /no LLMSpell script in the active editor/);
  });

  test('a launch without a program is the current file', () => {
    const configuration = configurationOf(beforeSubstitution({ type: 'llmspell', request: 'launch', name: 'n' }, undefined));
    assert.equal(configuration['program'], '${file}');
  });

  test('an attach gets no program', () => {
    assert.equal(configurationOf(beforeSubstitution(attachToKernel(), 'llmspell'))['program'], undefined);
  });

  test('noDebug survives', () => {
    assert.equal(configurationOf(beforeSubstitution({ noDebug: true }, 'llmspell'))['noDebug'], true);
  });
});

describe('the configurations that the editor offers', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const attributes: Record<string, { properties: object }> = manifest.contributes.debuggers[0].configurationAttributes;
  for (const configuration of [currentFile(), currentFileFromEntry(), currentFileInTerminal(), attachToKernel()]) {
    test(`${configuration.name}: has only declared attributes, and is right`, () => {
      const { type, request, name, ...fields } = configuration;
      const declared = Object.keys(attributes[request]?.properties ?? {});
      assert.deepEqual(Object.keys(fields).filter((field) => !declared.includes(field)), []);
      const before = configurationOf(beforeSubstitution(configuration, 'llmspell'));
      assert.ok('configuration' in afterSubstitution(before, '/w'), `${type} ${name}`);
    });
  }
});

describe('after substitution', () => {
  test('the script runs in the workspace folder', () => {
    assert.equal(configurationOf(afterSubstitution(launch({}), '/w'))['cwd'], '/w');
  });

  test('without a workspace folder the script runs in its own folder', () => {
    assert.equal(configurationOf(afterSubstitution(launch({ program: '/x/a.lua' }), undefined))['cwd'], '/x');
  });

  test('relative paths start from the workspace folder', () => {
    const { program, cwd } = configurationOf(afterSubstitution(launch({ program: 'sub/a.lua', cwd: 'data' }), '/w'));
    assert.deepEqual([program, cwd], ['/w/sub/a.lua', '/w/data']);
  });

  test('everything that the adapter takes is passed on', () => {
    const fields = {
      args: ['x'],
      env: { A: '1', B: null },
      stopOnEntry: true,
      noDebug: true,
      console: 'integratedTerminal',
      python: 'steps',
      justMyCode: true,
      skipFiles: ['**/vendor/**'],
      pathMappings: [{ localRoot: '/w', remoteRoot: '/there' }],
      session: 'main',
      kernelId: 'k',
      connectionFile: '/c',
    };
    assert.deepEqual(configurationOf(afterSubstitution(launch(fields), '/w')), { ...launch(fields), cwd: '/w' });
  });

  test('an attach is passed on as it is', () => {
    assert.deepEqual(configurationOf(afterSubstitution(attachToKernel(), '/w')), attachToKernel());
  });

  for (const [fields, problem] of [
    [{ program: '' }, '"program" in the debug configuration "n" must be the path of a script, not "".'],
    [{ program: 7 }, '"program" in the debug configuration "n" must be the path of a script, not 7.'],
    [{ args: 'x' }, '"args" in the debug configuration "n" must be a list of strings, not "x".'],
    [{ args: [1] }, '"args" in the debug configuration "n" must be a list of strings, not [1].'],
    [{ env: [] }, '"env" in the debug configuration "n" must be an object whose values are strings or null, not [].'],
    [{ env: { A: 1 } }, '"env" in the debug configuration "n" must be an object whose values are strings or null, not {"A":1}.'],
    [{ session: 1 }, '"session" in the debug configuration "n" must be a non-empty string, not 1.'],
    [{ request: 'go' }, '"request" in the debug configuration "n" must be "launch" or "attach", not "go".'],
  ] as const) {
    test(`${JSON.stringify(fields)} is refused by name`, () => {
      assert.equal(problemOf(afterSubstitution(launch(fields), '/w')), problem);
    });
  }

  test('a relative program without a folder is refused', () => {
    assert.match(problemOf(afterSubstitution(launch({ program: 'a.lua' }), undefined)), /relative path "a\.lua", and no folder is open/);
  });
});
