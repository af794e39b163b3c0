import * as vscode from 'vscode';

import { registerDebugging } from './debugging';
import { Interpreters } from './interpreters';
import { LanguageServer } from './languageServer';
import { showReferences } from './references';
import { LANGUAGE, ScriptLanguage } from './scriptLanguage';

let server: LanguageServer | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('LLMSpell', { log: true });
  const interpreters = new Interpreters(log, context.extensionPath);
  const languageServer = new LanguageServer(interpreters, log);
  server = languageServer;

  const startForScript = (document: vscode.TextDocument): void => {
    if (document.languageId === LANGUAGE) {
      void languageServer.start();
    }
  };
  context.subscriptions.push(
    log,
    interpreters,
    languageServer,
    registerDebugging(interpreters),
    vscode.workspace.onDidOpenTextDocument(startForScript),
    interpreters.onDidChange(() => {
      if (vscode.workspace.textDocuments.some((document) => document.languageId === LANGUAGE)) {
        void languageServer.restart();
      }
    }),
    vscode.commands.registerCommand('llmspell.restartServer', () => {
      interpreters.forget();
      return languageServer.restart();
    }),
    vscode.commands.registerCommand('llmspell.showReferences', showReferences),
    vscode.commands.registerCommand('llmspell.showOutput', () => log.show()),
    new ScriptLanguage(log),
  );
  vscode.workspace.textDocuments.forEach(startForScript);
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
