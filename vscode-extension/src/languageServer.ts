/**
 * The language server's life: started with the first LLMSpell script, restarted on demand, when it crashes (a few
 * times) and when another Python is to be used. Starts and stops are queued, so that there is never more than one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import {
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  type ErrorHandler,
  LanguageClient,
  type LanguageClientOptions,
} from 'vscode-languageclient/node';

import type { Interpreters } from './interpreters';
import { LANGUAGE } from './scriptLanguage';

/** Milliseconds from starting the process to its answer to `initialize`. */
const START_LIMIT = 30_000;
const STOP_LIMIT = 3_000;
const EXIT_LIMIT = 1_000;
const RESTARTS = 3;
const RESTART_WINDOW = 180_000;
const ERRORS = 3;
/** What the server is told of the settings. */
const SECTIONS = ['diagnostics', 'hints', 'codeLens', 'live'];
/** Commands of ours that code lenses may name. */
const LENS_COMMANDS = ['llmspell.runFile', 'llmspell.debugFile', 'llmspell.showReferences'];

export class LanguageServer implements vscode.Disposable {
  readonly #interpreters: Interpreters;
  readonly #log: vscode.LogOutputChannel;
  readonly #status: vscode.LanguageStatusItem;
  #client: LanguageClient | undefined;
  #process: ChildProcess | undefined;
  /** Whether the server has answered `initialize`: before that, its end is the failure of its start. */
  #running = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(interpreters: Interpreters, log: vscode.LogOutputChannel) {
    this.#interpreters = interpreters;
    this.#log = log;
    this.#status = vscode.languages.createLanguageStatusItem('llmspell.server', { language: LANGUAGE });
    this.#status.name = 'LLMSpell';
    this.#status.text = 'LLMSpell: not started';
  }

  /** Starts the server when it does not run. */
  start(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#client === undefined) {
        await this.#startNow();
      }
    });
  }

  restart(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#stopNow();
      await this.#startNow();
    });
  }

  stop(): Promise<void> {
    return this.#enqueue(() => this.#stopNow());
  }

  dispose(): void {
    this.#status.dispose();
  }

  #enqueue(step: () => Promise<void>): Promise<void> {
    // Reported beside the queue: the message stays until the person answers it.
    this.#queue = this.#queue.then(step).catch((error: unknown) => void this.#fail(error));
    return this.#queue;
  }

  async #startNow(): Promise<void> {
    const folder = vscode.workspace.workspaceFolders?.[0];
    this.#show('LLMSpell: looking for Python', undefined, { busy: true });
    const interpreter = await this.#interpreters.require(folder);
    if (interpreter === undefined) {
      this.#show('LLMSpell: no Python', 'No Python has the llmspell package', { severity: vscode.LanguageStatusSeverity.Error });
      return;
    }
    this.#show('LLMSpell: starting', interpreter.command, { busy: true });
    let failStart = (_error: Error): void => undefined;
    const startFailure = new Promise<never>((_resolve, reject) => {
      failStart = reject;
    });
    // Once started, the end of the process is the error handler's business.
    startFailure.catch(() => undefined);
    const launch = (): Promise<ChildProcess> => Promise.resolve(this.#spawn(interpreter.command, folder?.uri.fsPath, failStart));
    const client = new ScriptClient(LANGUAGE, 'LLMSpell', launch, this.#clientOptions());
    this.#client = client;
    this.#running = false;
    try {
      const limit = `The language server did not answer "initialize" within ${START_LIMIT / 1000} s.`;
      await withLimit(Promise.race([startNow(client, startFailure), startFailure]), START_LIMIT, limit);
    } catch (error) {
      this.#client = undefined;
      this.#process?.kill('SIGKILL');
      throw error;
    }
    this.#running = true;
    this.#show(`LLMSpell ${interpreter.llmspellVersion}`, `Python ${interpreter.pythonVersion}: ${interpreter.command}`);
  }

  /** `-P` keeps the workspace out of Python's import path: opening a folder must not run code that lies in it. */
  #spawn(python: string, cwd: string | undefined, onEnd: (error: Error) => void): ChildProcess {
    const args = ['-P', '-m', 'llmspell_lsp.main', '--stdio'];
    this.#log.info(`Starting ${python} ${args.join(' ')}`);
    const child = spawn(python, args, { ...(cwd ? { cwd } : {}), stdio: 'pipe', windowsHide: true });
    child.once('error', (error) => onEnd(new Error(`The language server could not be started: ${error.message}.`)));
    child.once('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      onEnd(new Error(`The language server ended (${how}) before it answered "initialize"; the output says why.`));
    });
    this.#process = child;
    return child;
  }

  #clientOptions(): LanguageClientOptions {
    return {
      documentSelector: [
        { language: LANGUAGE, scheme: 'file' },
        { language: LANGUAGE, scheme: 'untitled' },
        // mistakes in it are shown where they stand
        { scheme: 'file', pattern: '**/llmspell.toml' },
      ],
      initializationOptions: { ...settings(), commands: LENS_COMMANDS },
      synchronize: { configurationSection: SECTIONS.map((section) => `${LANGUAGE}.${section}`) },
      outputChannel: this.#log,
      errorHandler: this.#errorHandler(),
      initializationFailedHandler: () => false,
    };
  }

  #errorHandler(): ErrorHandler {
    const restarts: number[] = [];
    return {
      error: (error, _message, count) => {
        this.#log.warn(`Talking to the language server failed: ${error.message}`);
        return { action: (count ?? 0) <= ERRORS ? ErrorAction.Continue : ErrorAction.Shutdown, handled: true };
      },
      closed: (): CloseHandlerResult => {
        if (!this.#running) {
          return { action: CloseAction.DoNotRestart, handled: true };
        }
        const now = Date.now();
        restarts.push(now);
        if (restarts.filter((time) => now - time < RESTART_WINDOW).length <= RESTARTS) {
          this.#log.warn('The language server ended unexpectedly; it is started again.');
          return { action: CloseAction.Restart, handled: true };
        }
        this.#client = undefined;
        this.#running = false;
        void this.#fail(new Error(`The language server ended ${RESTARTS + 1} times within three minutes and is not started again.`));
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    };
  }

  async #stopNow(): Promise<void> {
    const client = this.#client;
    const process = this.#process;
    this.#client = undefined;
    this.#process = undefined;
    this.#running = false;
    if (client === undefined) {
      return;
    }
    this.#show('LLMSpell: stopped', undefined);
    try {
      await client.dispose(STOP_LIMIT);
    } catch (error) {
      this.#log.warn(`The language server did not stop by itself and is killed: ${String(error)}`);
      process?.kill('SIGKILL');
    }
  }

  async #fail(error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    this.#log.error(message);
    this.#show('LLMSpell: failed', message, { severity: vscode.LanguageStatusSeverity.Error });
    const choice = await vscode.window.showErrorMessage(`LLMSpell: ${message}`, 'Restart', 'Show Output');
    if (choice === 'Restart') {
      await this.restart();
    } else if (choice === 'Show Output') {
      this.#log.show();
    }
  }

  #show(text: string, detail: string | undefined, state: { busy?: boolean; severity?: vscode.LanguageStatusSeverity } = {}): void {
    this.#status.text = text;
    this.#status.detail = detail ?? '';
    this.#status.busy = state.busy ?? false;
    this.#status.severity = state.severity ?? vscode.LanguageStatusSeverity.Information;
    this.#status.command = { title: 'Show Output', command: 'llmspell.showOutput' };
  }
}

function settings(): Record<string, unknown> {
  const configuration = vscode.workspace.getConfiguration(LANGUAGE);
  return Object.fromEntries(SECTIONS.map((section) => [section, configuration.get(section)]));
}

/** The messages for the person are ours: they say what to do. */
class ScriptClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** `client.start()` rejects, or resolves though nothing runs, when the connection broke while it started. */
async function startNow(client: LanguageClient, processEnd: Promise<never>): Promise<void> {
  let reason: unknown;
  try {
    await client.start();
    if (client.isRunning()) {
      return;
    }
    reason = new Error('The connection to the language server broke before it answered "initialize"; the output says why.');
  } catch (error) {
    reason = error;
  }
  // That the process ended is the better reason, and is known a moment later.
  await Promise.race([processEnd, delay(EXIT_LIMIT)]);
  throw reason;
}

async function withLimit<T>(work: Promise<T>, limit: number, reason: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(reason)), limit);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
