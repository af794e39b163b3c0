/** What the tests inside the editor share: the workspace's files, and waiting for what the editor will do. */
import * as path from 'node:path';
import * as vscode from 'vscode';

const LIMIT = 20_000;

export function fileUri(name: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder === undefined) {
    throw new Error('the tests need a workspace folder');
  }
  return vscode.Uri.joinPath(folder.uri, ...name.split('/'));
}

export async function openFile(name: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(fileUri(name));
  await vscode.window.showTextDocument(document);
  return document;
}

/** Opens a script of the project and waits until it has the language of LLMSpell. */
export async function openScript(name: string): Promise<vscode.TextDocument> {
  const document = await openFile(name);
  await eventually(`${path.basename(name)} to get the language llmspell`, vscode.workspace.onDidOpenTextDocument, () =>
    document.languageId === 'llmspell' ? true : undefined,
  );
  return document;
}

/** Waits until `look` gives a value; it looks now and whenever `event` fires. */
export function eventually<T>(what: string, event: vscode.Event<unknown>, look: () => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const finish = (): boolean => {
      const value = look();
      if (value !== undefined) {
        clearTimeout(timer);
        listener.dispose();
        resolve(value);
      }
      return value !== undefined;
    };
    const listener = event(finish);
    const timer = setTimeout(() => {
      if (!finish()) {
        listener.dispose();
        reject(new Error(`waited ${LIMIT / 1000} s in vain for ${what}`));
      }
    }, LIMIT);
    finish();
  });
}

export function diagnosticsOf(uri: vscode.Uri, what: string, fits: (diagnostics: vscode.Diagnostic[]) => boolean): Promise<vscode.Diagnostic[]> {
  const seen = (): vscode.Diagnostic[] => vscode.languages.getDiagnostics(uri);
  return eventually(what, vscode.languages.onDidChangeDiagnostics, () => (fits(seen()) ? seen() : undefined)).catch((error: Error) => {
    throw new Error(`${error.message}; there were ${JSON.stringify(seen().map((item) => item.message))}`);
  });
}

/** The position just behind the first occurrence of `text`. */
export function behind(document: vscode.TextDocument, text: string): vscode.Position {
  const offset = document.getText().indexOf(text);
  if (offset < 0) {
    throw new Error(`${document.fileName} does not hold ${JSON.stringify(text)}`);
  }
  return document.positionAt(offset + text.length);
}

/** The 0-based line of the first occurrence of `text`. */
export function lineOf(document: vscode.TextDocument, text: string): number {
  return behind(document, text).line;
}
