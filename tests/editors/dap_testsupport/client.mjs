// One DebugClient a test, against an adapter of its own; what a client asks for in order.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// The client lies in the bed, not beside this file.
const { DebugClient } = createRequire(path.join(process.env.LLMSPELL_BED_TESTSUPPORT, 'here.js'))('@vscode/debugadapter-testsupport');
const LIMIT = 10_000;
const TEST_LIMIT = 20_000;

class Client extends DebugClient {
  get process() {
    return this._adapterProcess;
  }

  /** The next event of that name; asked for before what makes it come. */
  next(name) {
    const event = this.waitForEvent(name, LIMIT);
    // Who asked may have failed before it awaits this: then that is what is reported.
    event.catch(() => {});
    return event;
  }

  /** Keeps what comes from now on. */
  collect() {
    const pieces = [];
    const found = {
      stops: 0,
      all: () => pieces.map(({ output }) => output).join(''),
      of: (category) => pieces.filter((piece) => piece.category === category).map(({ output }) => output).join(''),
    };
    this.on('output', ({ body }) => pieces.push(body));
    this.on('stopped', () => (found.stops += 1));
    return found;
  }
}

export async function test(name, body) {
  const began = Date.now();
  let failure;
  try {
    await Promise.race([body(), sleep(TEST_LIMIT, undefined, { ref: false }).then(() => assert.fail(`it did not end within ${TEST_LIMIT / 1000} s`))]);
  } catch (error) {
    failure = error instanceof Error ? error.stack : JSON.stringify(error);
  }
  const result = failure === undefined ? { passed: true, milliseconds: Date.now() - began } : { passed: false, error: failure.slice(0, 2_000) };
  appendFileSync(process.env.LLMSPELL_TEST_REPORT, `${JSON.stringify({ test: `dap-testsupport: ${name}`, ...result })}\n`);
}

export function testsOf(adapter, project) {
  const program = path.join(project, 'stock.lua');

  async function open(port) {
    const client = new Client(adapter, '--log=/dev/null', 'llmspell', { cwd: project }, true);
    client.defaultTimeout = LIMIT;
    await client.start(port);
    return client;
  }

  async function withClient(body, port) {
    const client = await open(port);
    try {
      return await body(client);
    } finally {
      // An adapter that has ended answers no disconnect.
      if (client.process?.exitCode === null || port !== undefined) await client.stop();
    }
  }
  withClient.open = open;

  /** Begins debugging with these breakpoints; returns the event that it is awaited `until`. */
  async function started(client, configuration, { request = 'launch', breakpoints = [], functions = [], filters = [], until = 'stopped', verified = true } = {}) {
    const [initialized, awaited] = [client.next('initialized'), client.next(until)];
    await client.initializeRequest();
    const begun = client.send(request, configuration);
    // A client waits for both: a refusal comes instead of the event.
    await Promise.race([initialized, begun.then(() => initialized)]);
    const set = await client.setBreakpointsRequest({ source: { path: program }, breakpoints });
    for (const breakpoint of set.body.breakpoints) assert.equal(breakpoint.verified, verified, breakpoint.message);
    if (functions.length > 0) await client.setFunctionBreakpointsRequest({ breakpoints: functions });
    await client.setExceptionBreakpointsRequest({ filters });
    await client.configurationDoneRequest();
    await begun;
    return awaited;
  }

  return { program, withClient, started };
}

/** Asserts where a stop is. */
export async function stopAt(client, stopped, { path: file, line }) {
  const { body } = await client.stackTraceRequest({ threadId: stopped.body.threadId });
  const [top] = body.stackFrames;
  assert.deepEqual([top.source.path, top.line], [file, line]);
}

/** The top frame, its first scope, the locals, and the variables of all scopes by name. */
export async function scopeValues(client, threadId) {
  const { body: stack } = await client.stackTraceRequest({ threadId, levels: 1 });
  const [top] = stack.stackFrames;
  const { body } = await client.scopesRequest({ frameId: top.id });
  const byScope = [];
  for (const { variablesReference } of body.scopes.filter(({ expensive }) => !expensive)) {
    const { body: found } = await client.variablesRequest({ variablesReference });
    byScope.push(new Map(found.variables.map((variable) => [variable.name, variable])));
  }
  return { top, scope: body.scopes[0], locals: byScope[0], all: new Map(byScope.reverse().flatMap((scope) => [...scope])) };
}

/** The number of the first line that holds `text`, from 1. */
export function lineOf(file, text) {
  const index = readFileSync(file, 'utf8').split('\n').findIndex((line) => line.includes(text));
  assert.ok(index >= 0, `${file} does not hold ${text}`);
  return index + 1;
}
