/** Debug sessions: from F5, a command or launch.json to a running `llmspell-dap`. */
import * as vscode from 'vscode';

import {
  DEBUG_TYPE,
  type Resolved,
  afterSubstitution,
  attachToKernel,
  beforeSubstitution,
  currentFile,
  currentFileFromEntry,
  currentFileInTerminal,
} from './debugConfiguration';
import type { Interpreters } from './interpreters';
import { LANGUAGE } from './scriptLanguage';

export function registerDebugging(interpreters: Interpreters): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new Resolver(interpreters)),
    vscode.debug.registerDebugConfigurationProvider(
      DEBUG_TYPE,
      { provideDebugConfigurations: () => [currentFile(), currentFileFromEntry(), currentFileInTerminal(), attachToKernel()] },
      vscode.DebugConfigurationProviderTriggerKind.Dynamic,
    ),
    vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, {
      createDebugAdapterDescriptor: (session) => adapterOf(session, interpreters),
    }),
    vscode.commands.registerCommand('llmspell.debugFile', (uri?: vscode.Uri | string) => startFile(uri, false)),
    vscode.commands.registerCommand('llmspell.runFile', (uri?: vscode.Uri | string) => startFile(uri, true)),
  );
}

class Resolver implements vscode.DebugConfigurationProvider {
  constructor(readonly interpreters: Interpreters) {}

  resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): vscode.DebugConfiguration | undefined {
    return accept(beforeSubstitution(configuration, vscode.window.activeTextEditor?.document.languageId));
  }

  async resolveDebugConfigurationWithSubstitutedVariables(
    folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const accepted = accept(afterSubstitution(configuration, folder?.uri.fsPath));
    // Asked here, where a launch can be given up quietly after the person was told why.
    const startsAdapter = accepted !== undefined && accepted['debugServer'] === undefined;
    return startsAdapter && (await this.interpreters.require(folder)) === undefined ? undefined : accepted;
  }
}

function accept(resolved: Resolved): vscode.DebugConfiguration | undefined {
  if ('problem' in resolved) {
    void vscode.window.showErrorMessage(`LLMSpell: ${resolved.problem}`);
    return undefined;
  }
  return resolved.configuration;
}

/** `-P` as for the language server: the workspace must not be able to replace the adapter's modules. */
async function adapterOf(session: vscode.DebugSession, interpreters: Interpreters): Promise<vscode.DebugAdapterDescriptor | undefined> {
  const interpreter = await interpreters.require(session.workspaceFolder);
  if (interpreter === undefined) {
    return undefined;
  }
  const cwd = session.workspaceFolder?.uri.fsPath;
  return new vscode.DebugAdapterExecutable(interpreter.command, ['-P', '-m', 'llmspell_dap.main'], cwd ? { cwd } : {});
}

/** A code lens gives the URI as a text. */
async function startFile(uri: vscode.Uri | string | undefined, noDebug: boolean): Promise<void> {
  const active = vscode.window.activeTextEditor?.document;
  const isLua = active?.languageId === LANGUAGE || active?.languageId === 'lua';
  const given = typeof uri === 'string' ? vscode.Uri.parse(uri) : uri;
  const script = given ?? (isLua ? active.uri : undefined);
  if (script === undefined) {
    void vscode.window.showErrorMessage('LLMSpell: there is no script in the active editor to run.');
    return;
  }
  if (script.scheme !== 'file') {
    void vscode.window.showErrorMessage('LLMSpell: save the script to a file before it is run.');
    return;
  }
  const folder = vscode.workspace.getWorkspaceFolder(script);
  const name = `LLMSpell: ${vscode.workspace.asRelativePath(script, false)}`;
  await vscode.debug.startDebugging(folder, { type: DEBUG_TYPE, request: 'launch', name, program: script.fsPath }, { noDebug });
}
