/**
 * The Python for a workspace folder, found once and remembered until a setting or the folders change; and what the
 * person is told, and can do, when there is none.
 */
import { homedir } from 'node:os';
import * as vscode from 'vscode';

import { type Interpreter, type Search, describeFinding, explainSearch, findInterpreter, installCommand, probeInterpreter } from './python';

const INSTALL = 'Install…';
const CHOOSE = 'Choose Python…';
const SETTINGS = 'Open Settings';

export class Interpreters implements vscode.Disposable {
  readonly #searches = new Map<string, Promise<Search>>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];
  #explaining = false;

  /** What was found may no longer hold. */
  readonly onDidChange = this.#changed.event;

  constructor(
    readonly log: vscode.LogOutputChannel,
    readonly extensionFolder: string,
  ) {
    // An environment that gets its llmspell while the editor is open is found without a restart.
    const installed = vscode.workspace.createFileSystemWatcher('**/.venv/{bin,Scripts}/llmspell-lsp*', false, true, false);
    this.#disposables = [
      this.#changed,
      installed,
      installed.onDidCreate(() => this.#invalidate()),
      installed.onDidDelete(() => this.#invalidate()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#invalidate()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#invalidate()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('llmspell.python')) {
          this.#invalidate();
        }
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** The next question searches again. */
  forget(): void {
    this.#searches.clear();
  }

  #invalidate(): void {
    this.forget();
    this.#changed.fire();
  }

  /** The Python to use, or `undefined` after the person was told why there is none. */
  async require(folder: vscode.WorkspaceFolder | undefined): Promise<Interpreter | undefined> {
    const search = await this.#search(folder);
    if (search.interpreter === undefined) {
      void this.#explain(search, folder);
    }
    return search.interpreter;
  }

  #search(folder: vscode.WorkspaceFolder | undefined): Promise<Search> {
    const key = folder?.uri.toString() ?? '';
    let search = this.#searches.get(key);
    if (search === undefined) {
      search = this.#find(folder);
      this.#searches.set(key, search);
    }
    return search;
  }

  async #find(folder: vscode.WorkspaceFolder | undefined): Promise<Search> {
    const folders = [...(folder ? [folder] : []), ...(vscode.workspace.workspaceFolders ?? []).filter((other) => other !== folder)];
    const search = await findInterpreter(
      {
        setting: vscode.workspace.getConfiguration('llmspell', folder?.uri).get<string>('python', ''),
        folders: folders.map((item) => item.uri.fsPath),
        trusted: vscode.workspace.isTrusted,
        platform: process.platform,
        env: process.env,
        home: homedir(),
      },
      (candidate) => probeInterpreter(candidate, this.extensionFolder),
    );
    for (const finding of search.findings) {
      this.log.info(`Python: ${describeFinding(finding)}`);
    }
    return search;
  }

  async #explain(search: Search, folder: vscode.WorkspaceFolder | undefined): Promise<void> {
    const message = explainSearch(search);
    this.log.error(message);
    if (this.#explaining) {
      return;
    }
    this.#explaining = true;
    try {
      const choice = await vscode.window.showErrorMessage(message, INSTALL, CHOOSE, SETTINGS);
      if (choice === INSTALL) {
        openInstallTerminal(search, folder);
      } else if (choice === CHOOSE) {
        await choosePython(folder);
      } else if (choice === SETTINGS) {
        await vscode.commands.executeCommand('workbench.action.openSettings', 'llmspell.python');
      }
    } finally {
      this.#explaining = false;
    }
  }
}

/** The command is typed, not started: the person sees it and presses Enter. */
function openInstallTerminal(search: Search, folder: vscode.WorkspaceFolder | undefined): void {
  const cwd = folder?.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri;
  const terminal = vscode.window.createTerminal({ name: 'Install LLMSpell', ...(cwd ? { cwd } : {}) });
  terminal.show();
  terminal.sendText(installCommand(search, process.platform), false);
}

async function choosePython(folder: vscode.WorkspaceFolder | undefined): Promise<void> {
  const chosen = await vscode.window.showOpenDialog({ title: 'The Python that has llmspell', openLabel: 'Use This Python' });
  const file = chosen?.[0];
  if (file === undefined) {
    return;
  }
  const target = vscode.workspace.workspaceFolders ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  await vscode.workspace.getConfiguration('llmspell', folder?.uri).update('python', file.fsPath, target);
}
