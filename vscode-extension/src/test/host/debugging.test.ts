import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';

import { eventually, fileUri, lineOf, openScript } from './editing';

interface Message {
  readonly type: string;
  readonly event?: string;
  readonly body?: Record<string, unknown>;
}

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly variablesReference: number;
}

/** Everything the adapter sends, and an event for each message. */
class Conversation implements vscode.Disposable {
  readonly messages: Message[] = [];
  readonly #received = new vscode.EventEmitter<void>();
  readonly #registration: vscode.Disposable;

  constructor() {
    this.#registration = vscode.debug.registerDebugAdapterTrackerFactory('llmspell', {
      createDebugAdapterTracker: () => ({
        onDidSendMessage: (message: Message) => {
          this.messages.push(message);
          this.#received.fire();
        },
      }),
    });
  }

  dispose(): void {
    this.#registration.dispose();
    this.#received.dispose();
  }

  /** The `count`th event of that name. */
  event(name: string, count = 1): Promise<Message> {
    const events = (): Message[] => this.messages.filter((message) => message.event === name);
    return eventually(`the debug event ${name} (number ${count})`, this.#received.event, () => events()[count - 1]).catch((error: Error) => {
      throw new Error(`${error.message}; the adapter sent ${JSON.stringify(this.messages).slice(0, 4_000)}`);
    });
  }

  output(): string {
    return this.messages.flatMap((message) => (message.event === 'output' ? [String(message.body?.['output'])] : [])).join('');
  }
}

async function request<T>(command: string, fields: object): Promise<T> {
  const session = vscode.debug.activeDebugSession;
  assert.ok(session, 'there is no active debug session');
  return (await session.customRequest(command, fields)) as T;
}

async function variables(reference: number): Promise<Map<string, Variable>> {
  const answer = await request<{ variables: Variable[] }>('variables', { variablesReference: reference });
  return new Map(answer.variables.map((variable) => [variable.name, variable]));
}

suite('debugging', () => {
  let conversation: Conversation;

  setup(() => {
    conversation = new Conversation();
  });

  teardown(async () => {
    if (!conversation.messages.some((message) => message.event === 'terminated')) {
      await vscode.debug.stopDebugging();
    }
    await eventually('the debug session to end', vscode.debug.onDidTerminateDebugSession, () =>
      vscode.debug.activeDebugSession === undefined ? true : undefined,
    );
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
    conversation.dispose();
  });

  test('stops at a breakpoint, shows stack and variables, steps, and ends', async () => {
    const document = await openScript('project/stops.lua');
    const line = lineOf(document, 'local result =');
    vscode.debug.addBreakpoints([new vscode.SourceBreakpoint(new vscode.Location(document.uri, new vscode.Position(line, 0)))]);
    assert.ok(await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], { type: 'llmspell', request: 'launch', name: 'test', program: document.fileName }));

    const stopped = await conversation.event('stopped');
    assert.equal(stopped.body?.['reason'], 'breakpoint');
    const threadId = stopped.body?.['threadId'];
    const { stackFrames } = await request<{ stackFrames: { id: number; name: string; line: number; source?: { path?: string } }[] }>('stackTrace', { threadId });
    assert.equal(stackFrames[0]?.line, line + 1);
    // The workbench, which asks for us, sees files of a remote host as URIs.
    assert.equal(vscode.Uri.parse(stackFrames[0]?.source?.path ?? '').path, document.uri.path);
    assert.match(stackFrames[0]?.name ?? '', /count_words/);
    assert.equal(stackFrames[1]?.line, lineOf(document, 'local counted =') + 1);

    const { scopes } = await request<{ scopes: { name: string; variablesReference: number }[] }>('scopes', { frameId: stackFrames[0]?.id });
    const locals = await variables(scopes[0]?.variablesReference ?? 0);
    assert.equal(locals.get('words')?.value, '2');
    assert.equal(locals.get('text')?.value, '"one two"');
    const outer = await request<{ scopes: { variablesReference: number }[] }>('scopes', { frameId: stackFrames[1]?.id });
    const texts = (await variables(outer.scopes[0]?.variablesReference ?? 0)).get('texts');
    assert.ok(texts !== undefined && texts.variablesReference > 0, 'the table texts cannot be expanded');
    assert.deepEqual([...(await variables(texts.variablesReference)).values()].map((item) => item.value), ['"one two"', '"three"', '"four five six"']);

    const evaluated = await request<{ result: string }>('evaluate', { expression: 'words + 40', frameId: stackFrames[0]?.id, context: 'repl' });
    assert.equal(evaluated.result, '42');

    await request('next', { threadId });
    const stepped = await conversation.event('stopped', 2);
    assert.equal(stepped.body?.['reason'], 'step');

    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
    await request('continue', { threadId });
    await conversation.event('terminated');
    assert.match(conversation.output(), /total\s+6/);
  });

  test('runs a script without stopping', async () => {
    const document = await openScript('project/stops.lua');
    vscode.debug.addBreakpoints([new vscode.SourceBreakpoint(new vscode.Location(document.uri, new vscode.Position(lineOf(document, 'local result ='), 0)))]);
    await vscode.commands.executeCommand('llmspell.runFile', document.uri);
    await conversation.event('terminated');
    assert.match(conversation.output(), /total\s+6/);
    assert.ok(!conversation.messages.some((message) => message.event === 'stopped'));
  });

  test('shows where a script that raises went wrong', async () => {
    const document = await openScript('project/raises.lua');
    await vscode.commands.executeCommand('llmspell.runFile', document.uri);
    await conversation.event('terminated');
    const exited = await conversation.event('exited');
    assert.equal(exited.body?.['exitCode'], 1);
    assert.match(conversation.output(), /raises\.lua:\d+: no luck today/);
  });

  test('refuses a launch of a script that does not exist, with its path', async () => {
    const program = fileUri('project/nothing.lua').fsPath;
    // The editor shows the reason in a dialog; in tests it throws what the dialog would say.
    await assert.rejects(
      async () => vscode.debug.startDebugging(undefined, { type: 'llmspell', request: 'launch', name: 'test', program }),
      /nothing\.lua/,
    );
  });
});
