import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { isScript, projectRoot } from '../../projectFiles';

const filesIn = (...present: string[]) => (file: string): Promise<boolean> => Promise.resolve(present.includes(file));

describe('the project of a file', () => {
  for (const [name, file, workspaceFolder, present, expected] of [
    ['is the folder of the file', '/w/a.lua', '/w', ['/w/llmspell.toml'], '/w'],
    ['is the nearest folder above', '/w/p/sub/a.lua', '/w', ['/w/llmspell.toml', '/w/p/llmspell.toml'], '/w/p'],
    ['is not above the workspace folder', '/w/p/a.lua', '/w/p', ['/w/llmspell.toml'], undefined],
    ['is found for a file outside of any workspace folder', '/w/p/a.lua', undefined, ['/w/llmspell.toml'], '/w'],
    ['may be missing', '/w/p/a.lua', undefined, [], undefined],
  ] as const) {
    test(name, async () => {
      assert.equal(await projectRoot(file, workspaceFolder, filesIn(...present)), expected);
    });
  }
});

describe('a Lua file', () => {
  const matched: string[] = [];
  const matches = (root: string, pattern: string): boolean => {
    matched.push(`${root} ${pattern}`);
    return pattern === '**/*.lua';
  };

  test('in a project that matches a pattern is a script', async () => {
    const settings = { patterns: ['x/*.lua', '**/*.lua'], setInWorkspace: false };
    assert.ok(await isScript('/w/a.lua', '/w', settings, matches, filesIn('/w/llmspell.toml')));
    assert.deepEqual(matched, ['/w x/*.lua', '/w **/*.lua']);
  });

  test('in a project that matches no pattern is none', async () => {
    const settings = { patterns: ['x/*.lua'], setInWorkspace: false };
    assert.equal(await isScript('/w/a.lua', '/w', settings, matches, filesIn('/w/llmspell.toml')), false);
  });

  test('without a project is none', async () => {
    const settings = { patterns: ['**/*.lua'], setInWorkspace: false };
    assert.equal(await isScript('/w/a.lua', '/w', settings, matches, filesIn()), false);
  });

  test('needs no project where the setting is set for the workspace', async () => {
    const settings = { patterns: ['**/*.lua'], setInWorkspace: true };
    assert.ok(await isScript('/w/sub/a.lua', '/w', settings, matches, filesIn()));
    assert.equal(matched.at(-1), '/w **/*.lua');
  });
});
