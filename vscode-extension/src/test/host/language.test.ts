import * as assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import * as vscode from 'vscode';

import { behind, diagnosticsOf, eventually, fileUri, openFile, openScript } from './editing';

suite('the language', () => {
  test('is given to a Lua file below llmspell.toml, which starts the extension', async () => {
    const document = await openScript('project/mistakes.lua');
    assert.equal(document.languageId, 'llmspell');
    assert.ok(vscode.extensions.getExtension('llmspell.llmspell')?.isActive);
  });

  test('is not given to a Lua file elsewhere', async () => {
    await openScript('project/mistakes.lua');
    const document = await openFile('elsewhere/plain.lua');
    await openScript('project/stops.lua');
    assert.equal(document.languageId, 'lua');
  });

  test('stays Lua when a person sets it back', async () => {
    const document = await openScript('project/sub/nested.lua');
    await vscode.languages.setTextDocumentLanguage(document, 'lua');
    await openScript('project/tools.lua');
    assert.equal(document.languageId, 'lua');
  });

  test('follows the setting llmspell.files without an llmspell.toml', async () => {
    const document = await openFile('elsewhere/listed.lua');
    assert.equal(document.languageId, 'lua');
    const settings = vscode.workspace.getConfiguration('llmspell', document.uri);
    await settings.update('files', ['elsewhere/listed.lua'], vscode.ConfigurationTarget.Workspace);
    try {
      await eventually('listed.lua to get the language', vscode.workspace.onDidOpenTextDocument, () =>
        document.languageId === 'llmspell' ? true : undefined,
      );
    } finally {
      await settings.update('files', undefined, vscode.ConfigurationTarget.Workspace);
    }
  });
});

suite('the language server', () => {
  test('reports a misspelt global and an unknown tool', async () => {
    const document = await openScript('project/mistakes.lua');
    const diagnostics = await diagnosticsOf(
      document.uri,
      'diagnostics about pritn and uuid-generatr',
      (found) => found.some((item) => item.message.includes('pritn')) && found.some((item) => item.message.includes('uuid-generatr')),
    );
    const ranges = diagnostics.map((item) => document.getText(item.range)).sort();
    assert.deepEqual(ranges, ['"uuid-generatr"', 'pritn']);
  });

  test('takes a diagnostic back when the mistake is corrected', async () => {
    const document = await openScript('project/mistakes.lua');
    await diagnosticsOf(document.uri, 'a diagnostic about pritn', (found) => found.some((item) => item.message.includes('pritn')));
    const edit = new vscode.WorkspaceEdit();
    const end = behind(document, 'pritn');
    edit.replace(document.uri, new vscode.Range(end.translate(0, -5), end), 'print');
    await vscode.workspace.applyEdit(edit);
    await diagnosticsOf(document.uri, 'no diagnostic about pritn', (found) => !found.some((item) => item.message.includes('pritn')));
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });

  test('follows the settings of diagnostics at once', async () => {
    const document = await openScript('project/mistakes.lua');
    const aboutPritn = (found: vscode.Diagnostic[]): boolean => found.some((item) => item.message.includes('pritn'));
    await diagnosticsOf(document.uri, 'a diagnostic about pritn', aboutPritn);
    const settings = vscode.workspace.getConfiguration('llmspell', fileUri('.'));
    await settings.update('diagnostics.globals', ['pritn'], vscode.ConfigurationTarget.Workspace);
    try {
      await diagnosticsOf(document.uri, 'no diagnostic about pritn', (found) => !aboutPritn(found));
    } finally {
      await settings.update('diagnostics.globals', undefined, vscode.ConfigurationTarget.Workspace);
    }
    await diagnosticsOf(document.uri, 'the diagnostic about pritn again', aboutPritn);
  });

  for (const [where, expected] of [
    ['Tool.', ['execute', 'list', 'get']],
    ['Tool.execute("', ['uuid-generator', 'calculator', 'text-manipulator']],
    ['operation = "evaluate", ', ['variables']],
  ] as const) {
    test(`completes behind ${where}`, async () => {
      const document = await openScript('project/tools.lua');
      const list = await vscode.commands.executeCommand<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        document.uri,
        behind(document, where),
      );
      const labels = list.items.map((item) => (typeof item.label === 'string' ? item.label : item.label.label));
      for (const label of expected) {
        assert.ok(labels.includes(label), `${label} is not among ${labels.slice(0, 40).join(', ')}`);
      }
    });
  }

  test('explains what is under the mouse', async () => {
    const document = await openScript('project/mistakes.lua');
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, behind(document, 'Tool.exec'));
    const text = hovers.flatMap((hover) => hover.contents.map((content) => (typeof content === 'string' ? content : content.value))).join('\n');
    assert.match(text, /Tool\.execute/);
  });

  test('renames a local in its file', async () => {
    const document = await openScript('project/names.lua');
    const edit = await vscode.commands.executeCommand<vscode.WorkspaceEdit>(
      'vscode.executeDocumentRenameProvider',
      document.uri,
      behind(document, 'number'),
      'value',
    );
    assert.equal(edit.get(document.uri).length, 2);
  });

  test('formats a script', async () => {
    const document = await openScript('project/names.lua');
    const edits = await vscode.commands.executeCommand<vscode.TextEdit[]>('vscode.executeFormatDocumentProvider', document.uri, {
      tabSize: 2,
      insertSpaces: true,
    });
    assert.deepEqual(
      edits.map((edit) => edit.newText),
      [' '],
    );
  });

  test('counts the references of a function above it, and shows them', async () => {
    const document = await openScript('project/names.lua');
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 10);
    assert.deepEqual(lenses.map((lens) => lens.command?.title).sort(), ['2 references', 'Debug', 'Run']);
    const counted = lenses.find((lens) => lens.command?.command === 'llmspell.showReferences');
    await vscode.commands.executeCommand('llmspell.showReferences', ...(counted?.command?.arguments ?? []));
    await vscode.commands.executeCommand('closeReferenceSearch');
  });

  test('that finds no Python says why and what to do, and starts when the setting is right again', async () => {
    const document = await openScript('project/mistakes.lua');
    await diagnosticsOf(document.uri, 'diagnostics', (found) => found.length > 0);
    const messages = await messagesWithPython('/nowhere/python', async () => {
      await diagnosticsOf(document.uri, 'the diagnostics of the stopped server to go', (found) => found.length === 0);
    });
    assert.deepEqual(messages, [
      [
        'LLMSpell cannot use the Python that the setting llmspell.python names: /nowhere/python does not exist.',
        'Install…',
        'Choose Python…',
        'Open Settings',
      ],
    ]);
    await diagnosticsOf(document.uri, 'diagnostics of the new server', (found) => found.length > 0);
  });

  test('that ends at its start is reported once, with a way to its output', async () => {
    const document = await openScript('project/mistakes.lua');
    const python = fileUri('broken-python').fsPath;
    const ready = JSON.stringify({ python: '3.12.0', old: false, missing: [], llmspell: 'broken' });
    await writeFile(python, `#!/bin/sh\nif [ "$1" = -c ]; then echo '${ready}'; else exit 3; fi\n`, { mode: 0o755 });
    const messages = await messagesWithPython(python);
    assert.deepEqual(messages, [
      [
        'LLMSpell: The language server ended (exit code 3) before it answered "initialize"; the output says why.',
        'Restart',
        'Show Output',
      ],
    ]);
    await diagnosticsOf(document.uri, 'diagnostics of the new server', (found) => found.length > 0);
  });
});

/** The error messages and their buttons while `llmspell.python` is set to `python`; at least one is waited for. */
async function messagesWithPython(python: string, meanwhile?: () => Promise<void>): Promise<string[][]> {
  const shown = new vscode.EventEmitter<void>();
  const messages: string[][] = [];
  const original = vscode.window.showErrorMessage;
  const fake = (message: string, ...buttons: string[]): Promise<undefined> => {
    messages.push([message, ...buttons]);
    shown.fire();
    return Promise.resolve(undefined);
  };
  vscode.window.showErrorMessage = fake as unknown as typeof vscode.window.showErrorMessage;
  const settings = vscode.workspace.getConfiguration('llmspell', fileUri('.'));
  try {
    await settings.update('python', python, vscode.ConfigurationTarget.Workspace);
    await eventually('the message', shown.event, () => messages[0]);
    await meanwhile?.();
  } finally {
    vscode.window.showErrorMessage = original;
    await settings.update('python', undefined, vscode.ConfigurationTarget.Workspace);
  }
  return messages;
}
