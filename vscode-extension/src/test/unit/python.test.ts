import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import {
  type Candidate,
  type Finding,
  type Surroundings,
  candidates,
  describeFinding,
  explainSearch,
  findInterpreter,
  installCommand,
  probeInterpreter,
} from '../../python';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'llmspell-python-'));
});

afterEach(() => rmSync(root, { recursive: true }));

/** An executable file below the temporary folder. */
function program(place: string, source = ''): string {
  const file = path.join(root, place);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${source}\n`);
  chmodSync(file, 0o755);
  return file;
}

function answering(place: string, answer: object): string {
  return program(place, `echo '${JSON.stringify(answer)}'`);
}

function surroundings(changes: Partial<Surroundings> = {}): Surroundings {
  const env = { PATH: `${path.join(root, 'first')}:${path.join(root, 'second')}` };
  return { setting: '', folders: [path.join(root, 'project')], trusted: true, platform: 'linux', env, home: root, ...changes };
}

const probe = (candidate: Candidate): Promise<Finding> => probeInterpreter(candidate, root, 5_000);
const commands = (list: readonly Candidate[]): string[] => list.map((candidate) => path.relative(root, candidate.command));
const READY = { python: '3.12.1', old: false, missing: [], llmspell: '0.1.0' };

describe('candidates', () => {
  test('the .venv of the workspace comes before the PATH', () => {
    program('project/.venv/bin/python');
    program('first/python3');
    assert.deepEqual(commands(candidates(surroundings())), ['project/.venv/bin/python', 'first/python3']);
  });

  test("a Windows environment's Python is in Scripts", () => {
    program('project/.venv/Scripts/python.exe');
    assert.deepEqual(commands(candidates(surroundings({ platform: 'win32', env: {} }))), ['project/.venv/Scripts/python.exe']);
  });

  test('an untrusted workspace does not offer its .venv', () => {
    program('project/.venv/bin/python');
    program('first/python3');
    assert.deepEqual(commands(candidates(surroundings({ trusted: false }))), ['first/python3']);
  });

  test('the Python beside llmspell-lsp on the PATH comes before the first python3', () => {
    program('first/python3');
    program('tool/bin/python');
    const script = program('tool/bin/llmspell-lsp');
    mkdirSync(path.join(root, 'second'));
    symlinkSync(script, path.join(root, 'second', 'llmspell-lsp'));
    assert.deepEqual(commands(candidates(surroundings())), ['tool/bin/python', 'first/python3']);
  });

  test('relative folders of the PATH are not searched', () => {
    assert.deepEqual(candidates(surroundings({ env: { PATH: '.:bin' }, folders: [] })), []);
  });

  test('the setting is the only candidate when it is set', () => {
    program('project/.venv/bin/python');
    const setting = program('elsewhere/python');
    assert.deepEqual(commands(candidates(surroundings({ setting }))), ['elsewhere/python']);
  });

  for (const [setting, expected] of [
    ['~/elsewhere/python', 'elsewhere/python'],
    ['${workspaceFolder}/env/bin/python', 'project/env/bin/python'],
    ['env/bin/python', 'project/env/bin/python'],
    ['~/environment', 'environment/bin/python'],
    ['python9', 'second/python9'],
  ] as const) {
    test(`the setting ${setting} names ${expected}`, () => {
      program('environment/bin/python');
      program('second/python9');
      assert.deepEqual(commands(candidates(surroundings({ setting }))), [expected]);
    });
  }
});

describe('probing', () => {
  async function found(command: string, limit = 5_000): Promise<Finding> {
    return probeInterpreter({ command, source: 'the PATH' }, root, limit);
  }

  test('a Python with llmspell is ready', async () => {
    const finding = await found(answering('python', READY));
    assert.equal(describeFinding(finding), `${root}/python (from the PATH): Python 3.12.1 with llmspell 0.1.0`);
  });

  for (const [name, source, line] of [
    ['an old Python', `echo '{"python": "3.9.2", "old": true}'`, 'is Python 3.9.2; LLMSpell needs 3.11 or later'],
    [
      'a Python without llmspell',
      `echo '{"python": "3.11.0", "old": false, "missing": ["llmspell_dap.main"]}'`,
      'is Python 3.11.0, without the llmspell package (no module llmspell_dap.main)',
    ],
    ['a program that is no Python', 'echo hello', 'failed: it printed "hello\\n", which is no Python\'s answer'],
    ['a program that fails', 'echo broken >&2; exit 3', 'failed: broken'],
    ['a program that floods us', 'yes', 'failed: stdout maxBuffer length exceeded'],
  ] as const) {
    test(`${name} is told apart`, async () => {
      const command = program('python', source);
      assert.equal(describeFinding(await found(command)), `${command} (from the PATH): ${line}`);
    });
  }

  test('a Python that does not answer is given up after the limit', async () => {
    const finding = await found(program('python', 'exec sleep 60'), 200);
    assert.equal(finding.kind, 'silent');
  });

  test('a file that does not exist is absent', async () => {
    assert.equal((await found(path.join(root, 'nothing'))).kind, 'absent');
  });

  test('modules in the folder of the question are not in the way of a real Python', async (context) => {
    const python = candidates(surroundings({ env: process.env, folders: [] })).at(0)?.command;
    if (python === undefined) {
      context.skip('no Python on the PATH');
      return;
    }
    const finding = await found(python, 15_000);
    assert.ok(['ready', 'bare', 'old'].includes(finding.kind), describeFinding(finding));
  });
});

describe('the search', () => {
  test('goes on to the next candidate until one is ready', async () => {
    answering('project/.venv/bin/python', { python: '3.9.2', old: true });
    answering('first/python3', READY);
    const search = await findInterpreter(surroundings(), probe);
    assert.deepEqual([search.interpreter?.source, search.findings.map((finding) => finding.kind)], ['the PATH', ['old', 'ready']]);
  });

  test('that found nothing names the setting when it is set', async () => {
    const setting = path.join(root, 'nothing');
    const search = await findInterpreter(surroundings({ setting }), probe);
    assert.equal(
      explainSearch(search),
      `LLMSpell cannot use the Python that the setting llmspell.python names: ${setting} does not exist.`,
    );
  });

  test('that found nothing says where it looked', async () => {
    const search = await findInterpreter(surroundings(), probe);
    assert.match(explainSearch(search), /3\.11 or later .* there is no Python in \.venv or on the PATH/);
  });
});

describe('the install command', () => {
  const bare = (command: string, source: Candidate['source']): Finding => ({
    kind: 'bare',
    candidate: { command, source },
    pythonVersion: '3.11.0',
    missing: 'llmspell_lsp.main',
  });

  for (const [name, findings, platform, expected] of [
    ['installs into the .venv that is there', [bare('/w/.venv/bin/python', "the workspace's .venv")], 'linux', '/w/.venv/bin/python -m pip install llmspell'],
    ['quotes', [bare('/my w/python', 'the setting llmspell.python')], 'linux', "'/my w/python' -m pip install llmspell"],
    ['quotes for PowerShell', [bare('C:\\my w\\python.exe', 'the setting llmspell.python')], 'win32', '& "C:\\my w\\python.exe" -m pip install llmspell'],
    ['makes a .venv with the Python of the PATH', [bare('/usr/bin/python3', 'the PATH')], 'linux', '/usr/bin/python3 -m venv .venv && .venv/bin/python -m pip install llmspell'],
    ['makes a .venv on Windows', [], 'win32', 'python -m venv .venv; .venv\\Scripts\\python -m pip install llmspell'],
  ] as const) {
    test(name, () => {
      assert.equal(installCommand({ interpreter: undefined, findings }, platform), expected);
    });
  }
});
