/**
 * Gives the Lua files of LLMSpell projects the language `llmspell`, and leaves all other Lua files alone.
 *
 * A document is switched at most once: who sets its language back to Lua by hand keeps Lua.
 */
import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';

import { type FileSettings, PROJECT_FILE, isScript } from './projectFiles';

export const LANGUAGE = 'llmspell';

export class ScriptLanguage implements vscode.Disposable {
  readonly #switched = new WeakSet<vscode.TextDocument>();
  readonly #log: vscode.LogOutputChannel;
  readonly #disposables: vscode.Disposable[];

  constructor(log: vscode.LogOutputChannel) {
    this.#log = log;
    const projects = vscode.workspace.createFileSystemWatcher(`**/${PROJECT_FILE}`, false, true, true);
    this.#disposables = [
      projects,
      projects.onDidCreate(() => this.considerAll()),
      vscode.workspace.onDidOpenTextDocument((document) => void this.consider(document)),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('llmspell.files')) {
          this.considerAll();
        }
      }),
    ];
    this.considerAll();
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  considerAll(): void {
    for (const document of vscode.workspace.textDocuments) {
      void this.consider(document);
    }
  }

  async consider(document: vscode.TextDocument): Promise<void> {
    if (document.languageId !== 'lua' || document.uri.scheme !== 'file' || this.#switched.has(document)) {
      return;
    }
    try {
      const folder = vscode.workspace.getWorkspaceFolder(document.uri)?.uri.fsPath;
      const matches = (root: string, pattern: string) =>
        vscode.languages.match({ pattern: new vscode.RelativePattern(vscode.Uri.file(root), pattern) }, document) > 0;
      if (!(await isScript(document.uri.fsPath, folder, fileSettings(document.uri), matches, isFile))) {
        return;
      }
      if (document.isClosed || document.languageId !== 'lua' || this.#switched.has(document)) {
        return;
      }
      this.#switched.add(document);
      await vscode.languages.setTextDocumentLanguage(document, LANGUAGE);
    } catch (error) {
      this.#log.error(`Could not give ${document.uri.fsPath} the language ${LANGUAGE}: ${String(error)}`);
    }
  }
}

function fileSettings(uri: vscode.Uri): FileSettings {
  const configuration = vscode.workspace.getConfiguration('llmspell', uri);
  const inspected = configuration.inspect<string[]>('files');
  return {
    patterns: configuration.get<string[]>('files', []).filter((pattern) => typeof pattern === 'string'),
    setInWorkspace: inspected?.workspaceValue !== undefined || inspected?.workspaceFolderValue !== undefined,
  };
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
