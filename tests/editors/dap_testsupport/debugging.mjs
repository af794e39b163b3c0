// The debug adapter with Microsoft's client for such tests, @vscode/debugadapter-testsupport.
// usage: debugging.mjs ADAPTER PROJECT; each result goes as one line of JSON to the file that LLMSPELL_TEST_REPORT names.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { lineOf, scopeValues, stopAt, test, testsOf } from './client.mjs';

const [adapter, project] = process.argv.slice(2);
const { program, withClient, started } = testsOf(adapter, project);
const at = (text, column) => ({ path: program, line: lineOf(program, text), ...(column && { column }) });
const source = { path: program };

await test('announces what it can and answers initialize once', () =>
  withClient(async (client) => {
    const { body } = await client.initializeRequest();
    for (const name of ['supportsConfigurationDoneRequest', 'supportsConditionalBreakpoints', 'supportsLogPoints']) {
      assert.equal(body[name], true, name);
    }
    await assert.rejects(client.initializeRequest());
  }));

await test('hits a breakpoint', () => withClient((client) => client.hitBreakpoint({ program }, at('local left = stock'))));

const breakpoints = [
  ['a condition', { condition: 'count == 3' }, 'local left = stock', { count: '3' }],
  ['a hit count', { hitCondition: '2' }, 'local left = stock', { count: '2' }],
];
for (const [name, fields, text, expected] of breakpoints) {
  await test(`a breakpoint with ${name} stops when it holds`, () =>
    withClient(async (client) => {
      const stopped = await started(client, { program }, { breakpoints: [{ line: lineOf(program, text), ...fields }] });
      assert.equal(stopped.body.reason, 'breakpoint');
      const { locals } = await scopeValues(client, stopped.body.threadId);
      for (const [variable, value] of Object.entries(expected)) assert.equal(locals.get(variable)?.value, value);
    }));
}

await test('a log point writes and does not stop', () =>
  withClient(async (client) => {
    const output = client.collect();
    const line = lineOf(program, 'local left = stock');
    await started(client, { program }, { breakpoints: [{ line, logMessage: 'sells {count} {kind}' }], until: 'terminated' });
    for (const text of ['sells 1 apples', 'sells 2 apples', 'sells 3 apples']) assert.ok(output.all().includes(text), output.all());
    assert.equal(output.stops, 0);
  }));

await test('a function breakpoint stops in the function', () =>
  withClient(async (client) => {
    const stopped = await started(client, { program }, { functions: [{ name: 'describe' }] });
    assert.equal(stopped.body.reason, 'function breakpoint');
    await stopAt(client, stopped, at('return kind ..'));
  }));

await test('a data breakpoint stops where the value was changed', () =>
  withClient(async (client) => {
    const stopped = await started(client, { program }, { breakpoints: [{ line: lineOf(program, 'for count = 1') }] });
    const { locals } = await scopeValues(client, stopped.body.threadId);
    const { body: info } = await client.dataBreakpointInfoRequest({ variablesReference: locals.get('stock').variablesReference, name: 'apples' });
    assert.ok(info.dataId, info.description);
    await client.setBreakpointsRequest({ source, breakpoints: [] });
    const { body } = await client.setDataBreakpointsRequest({ breakpoints: [{ dataId: info.dataId, accessType: 'write' }] });
    assert.equal(body.breakpoints[0].verified, true, body.breakpoints[0].message);
    const again = client.next('stopped');
    await client.continueRequest({ threadId: stopped.body.threadId });
    assert.equal((await again).body.reason, 'data breakpoint');
    const { top } = await scopeValues(client, stopped.body.threadId);
    assert.equal(top.name, 'sell');
  }));

const filters = [
  ['raised', 'error("no cherries here")'],
  ['caught', 'error("no cherries here")'],
];
for (const [filter, text] of filters) {
  await test(`the exception filter ${filter} stops where the error is raised`, () =>
    withClient(async (client) => {
      const stopped = await started(client, { program }, { filters: [filter] });
      assert.equal(stopped.body.reason, 'exception');
      await stopAt(client, stopped, at(text));
      const { body } = await client.exceptionInfoRequest({ threadId: stopped.body.threadId });
      assert.match(body.description, /no cherries here/);
    }));
}

await test('the exception filter uncaught passes what is caught by, and stops at what ends the script', () =>
  withClient(async (client) => {
    const stopped = await started(client, { program, args: ['a fight'] }, { filters: ['uncaught'] });
    await stopAt(client, stopped, at('assert(ARGS'));
    const exited = client.next('exited');
    await client.continueRequest({ threadId: stopped.body.threadId });
    assert.equal((await exited).body.exitCode, 1);
  }));

await test('steps over, in and out', () =>
  withClient(async (client) => {
    const stopped = await started(client, { program }, { breakpoints: [{ line: lineOf(program, 'local left = sell') }] });
    const { threadId } = stopped.body;
    for (const [step, text] of [
      ['stepInRequest', 'local left = stock'],
      ['nextRequest', 'stock[kind] = left'],
      ['nextRequest', 'history[#history'],
      ['stepInRequest', 'return kind ..'],
      ['stepOutRequest', 'history[#history'],
      // The call's line has nothing more to do.
      ['stepOutRequest', 'print("sold"'],
    ]) {
      const stepped = client.next('stopped');
      await client[step]({ threadId });
      await stopAt(client, await stepped, at(text));
    }
  }));

await test('shows the stack, scopes and tables', () =>
  withClient(async (client) => {
    const stopped = await started(client, { program }, { functions: [{ name: 'describe' }] });
    const { body } = await client.stackTraceRequest({ threadId: stopped.body.threadId });
    assert.deepEqual(
      body.stackFrames.slice(0, 2).map(({ name, line }) => [name, line]),
      [['describe', lineOf(program, 'return kind ..')], ['sell', lineOf(program, 'history[#history')]],
    );
    const { locals, all } = await scopeValues(client, stopped.body.threadId);
    assert.equal(locals.get('kind').value, '"apples"');
    const { body: members } = await client.variablesRequest({ variablesReference: all.get('stock').variablesReference });
    assert.deepEqual(members.variables.map(({ name, value }) => [name, value]).sort(), [['apples', '5'], ['pears', '5']]);
  }));

await test('evaluates, completes and sets values that the script then uses', () =>
  withClient(async (client) => {
    const stopped = await started(client, { program }, { breakpoints: [{ line: lineOf(program, 'stock[kind] = left') }] });
    const { threadId } = stopped.body;
    const { top, scope } = await scopeValues(client, threadId);
    const evaluate = async (expression) => (await client.evaluateRequest({ expression, frameId: top.id, context: 'repl' })).body.result;
    assert.equal(await evaluate('stock.pears * 2 + left'), '15');
    await assert.rejects(evaluate('stock.nothing.more'), /nothing/);
    const { body } = await client.completionsRequest({ text: 'sto', column: 4, frameId: top.id });
    assert.ok(body.targets.some(({ label }) => label === 'stock'), JSON.stringify(body.targets));
    const set = await client.setVariableRequest({ variablesReference: scope.variablesReference, name: 'left', value: '40 + 2' });
    assert.equal(set.body.value, '42');
    await Promise.all([client.nextRequest({ threadId }), client.assertStoppedLocation('step', at('history[#history'))]);
    assert.equal(await evaluate('stock.apples'), '42');
  }));

await test('steps into the call that was chosen', () =>
  withClient(async (client) => {
    const stopped = await started(client, { program }, { breakpoints: [{ line: lineOf(program, 'history[#history') }] });
    const { threadId } = stopped.body;
    const { top } = await scopeValues(client, threadId);
    const { body } = await client.stepInTargetsRequest({ frameId: top.id });
    const target = body.targets.find(({ label }) => label.includes('describe'));
    assert.ok(target, JSON.stringify(body.targets));
    await Promise.all([client.stepInRequest({ threadId, targetId: target.id }), client.assertStoppedLocation('step', at('return kind ..'))]);
  }));

await test('stops on entry before anything runs', () =>
  withClient(async (client) => {
    const output = client.collect();
    const stopped = await started(client, { program, stopOnEntry: true });
    assert.equal(stopped.body.reason, 'entry');
    await stopAt(client, stopped, at('local stock ='));
    assert.equal(output.of('stdout'), '');
  }));

await test('tells what the script writes, by its channel, and its exit code', () =>
  withClient(async (client) => {
    const output = client.collect();
    const exited = client.next('exited');
    await started(client, { program, args: ['plums'] }, { until: 'terminated' });
    assert.equal(output.of('stdout'), 'sold\t1\t5\nsold\t2\t3\nsold\t3\t0\nasked for\tplums\ndone\t3\n');
    assert.match(output.of('stderr'), /^false .*no cherries here\n$/);
    assert.equal((await exited).body.exitCode, 0);
  }));

await test('runs without debugging past every breakpoint', () =>
  withClient(async (client) => {
    const output = client.collect();
    const line = lineOf(program, 'local left = stock');
    await started(client, { program, noDebug: true }, { breakpoints: [{ line }], verified: false, until: 'terminated' });
    assert.equal(output.stops, 0);
  }));

await test('restarts a stopped script, which stops at the breakpoint again', () =>
  withClient(async (client) => {
    await started(client, { program }, { breakpoints: [{ line: lineOf(program, 'print("sold"') }] });
    const again = client.next('stopped');
    await client.restartRequest({});
    await stopAt(client, await again, at('print("sold"'));
    const { locals } = await scopeValues(client, (await again).body.threadId);
    assert.equal(locals.get('count').value, '1');
  }));

await test('terminates a stopped script', () =>
  withClient(async (client) => {
    const output = client.collect();
    await started(client, { program, stopOnEntry: true });
    const ended = client.next('terminated');
    await client.terminateRequest({});
    await ended;
    assert.equal(output.of('stdout'), '');
  }));

await test('disconnect ends the stopped script where it is, and the adapter by itself', async () => {
  const client = await withClient.open();
  const output = client.collect();
  await started(client, { program, stopOnEntry: true });
  const exit = once(client.process, 'exit');
  await client.disconnectRequest({ terminateDebuggee: true });
  assert.deepEqual(await exit, [0, null]);
  assert.equal(output.all(), '');
});

await test('two clients on one session: both hear a stop, one lets it go on, who leaves takes its breakpoints along', () =>
  withClient((first) =>
    withClient(async (second) => {
      const shared = { session: 'shared' };
      const output = first.collect();
      await started(first, { program, stopOnEntry: true, ...shared });
      const { threadId } = (await started(second, shared, { request: 'attach', breakpoints: [{ line: lineOf(program, 'print("asked') }] })).body;
      await first.setBreakpointsRequest({ source, breakpoints: [{ line: lineOf(program, 'print("sold"') }] });
      const [heard, alsoHeard, continued] = [first.next('stopped'), second.next('stopped'), first.next('continued')];
      await second.continueRequest({ threadId });
      await continued;
      await Promise.all([stopAt(first, await heard, at('print("sold"')), stopAt(second, await alsoHeard, at('print("sold"'))]);
      const left = once(second.process, 'exit');
      await second.disconnectRequest({ terminateDebuggee: false });
      await left;
      await first.setBreakpointsRequest({ source, breakpoints: [] });
      const ended = first.next('terminated');
      await first.continueRequest({ threadId });
      await ended;
      assert.match(output.of('stdout'), /asked for.*\ndone\t3\n$/);
    }),
  ));

await test('a client on TCP debugs as one on stdio', async () => {
  const server = spawn(adapter, ['--port', '0'], { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const [said] = await Promise.race([once(server.stdout, 'data'), once(server.stderr, 'data')]);
    const port = Number(/:(\d+)/.exec(String(said))?.[1]);
    await withClient((client) => client.hitBreakpoint({ program }, at('print("sold"')), port);
  } finally {
    server.kill();
    await once(server, 'exit');
  }
});
