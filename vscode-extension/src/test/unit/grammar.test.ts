import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { OnigScanner, OnigString, loadWASM } from 'vscode-oniguruma';
import { INITIAL, type IGrammar, Registry, parseRawGrammar } from 'vscode-textmate';

const GRAMMAR = 'syntaxes/llmspell.tmLanguage.json';
let grammar: IGrammar;

before(async () => {
  await loadWASM(readFileSync(require.resolve('vscode-oniguruma/release/onig.wasm')));
  const registry = new Registry({
    onigLib: Promise.resolve({ createOnigScanner: (sources) => new OnigScanner(sources), createOnigString: (text) => new OnigString(text) }),
    loadGrammar: () => Promise.resolve(parseRawGrammar(readFileSync(GRAMMAR, 'utf8'), GRAMMAR)),
  });
  const loaded = await registry.loadGrammar('source.lua.llmspell');
  assert.ok(loaded);
  grammar = loaded;
});

/** The innermost scope, without its `.lua`, of each token that is not blank. */
function scopes(text: string): [string, string][] {
  let state = INITIAL;
  return text.split('\n').flatMap((line) => {
    const result = grammar.tokenizeLine(line, state);
    state = result.ruleStack;
    return result.tokens
      .map((token): [string, string] => [line.slice(token.startIndex, token.endIndex).trim(), (token.scopes.at(-1) ?? '').replace(/\.lua$/, '')])
      .filter(([piece]) => piece !== '');
  });
}

function scopeOf(piece: string, text: string): string | undefined {
  return scopes(text).find(([found]) => found === piece)?.[1];
}

describe('the grammar', () => {
  for (const [text, piece, scope] of [
    ['Tool.execute("x", {})', 'Tool', 'support.class.llmspell'],
    ['Tool.execute("x", {})', 'execute', 'entity.name.function.call'],
    ['x..Tool.list()', 'Tool', 'support.class.llmspell'],
    ['my.Tool.x = 1', 'Tool', 'variable.other.property'],
    ['t = {State = 1}', 'State', 'variable.other'],
    ['if State == nil then end', 'State', 'support.class.llmspell'],
    ['print(ARGS.name)', 'ARGS', 'support.variable.llmspell'],
    ['string.format("x")', 'string', 'support.class.library'],
    ['local string = 1', 'string', 'variable.other'],
    ['print "x"', 'print', 'support.function'],
    ['o:print()', 'print', 'entity.name.function.call'],
    ['local x <const> = 1', 'const', 'storage.modifier.attribute'],
    ['local f <close> = g()', 'close', 'storage.modifier.attribute'],
    ['a = b < const', 'const', 'variable.other'],
    ['::again::', 'again', 'entity.name.label'],
    ['goto again', 'again', 'entity.name.label'],
    ['goto again', 'goto', 'keyword.control.goto'],
    ['function a.b:c(d, ...) end', 'c', 'entity.name.function'],
    ['function a.b:c(d, ...) end', 'd', 'variable.parameter'],
    ['function a.b:c(d, ...) end', '...', 'variable.parameter.varargs'],
    ['return not x', 'not', 'keyword.operator.logical'],
    ['x = 0x1F.8p-2', '0x1F.8p-2', 'constant.numeric.hex'],
    ['x = 3.5e+10', '3.5e+10', 'constant.numeric.decimal'],
    ['x = .5', '.5', 'constant.numeric.decimal'],
    ['x = a..1', '..', 'keyword.operator.concatenation'],
    ['x = 7 // 2', '//', 'keyword.operator.arithmetic'],
    ['x = 1 << 2', '<<', 'keyword.operator.bitwise'],
    ['"a\\n"', '\\n', 'constant.character.escape'],
    ['"\\u{1F600}"', '\\u{1F600}', 'constant.character.escape'],
    ['"\\q"', '\\q', 'invalid.illegal.escape'],
    ['#!/usr/bin/env llmspell', '#!/usr/bin/env llmspell', 'comment.line.shebang'],
    ['---@param x string', '@param', 'storage.type.annotation'],
    ['-- plain', 'plain', 'comment.line.double-dash'],
  ] as const) {
    test(`${text}: ${piece} is ${scope}`, () => {
      assert.equal(scopeOf(piece, text), scope, JSON.stringify(scopes(text)));
    });
  }

  test('a long string ends at its own level', () => {
    assert.deepEqual(scopes('[==[a\n]] ]=] b\n]==] nil').slice(1), [
      ['a', 'string.quoted.other.multiline'],
      [']] ]=] b', 'string.quoted.other.multiline'],
      [']==]', 'punctuation.definition.string.end'],
      ['nil', 'constant.language'],
    ]);
  });

  test('a long comment ends at its own level', () => {
    assert.deepEqual(scopes('--[=[ a\n]] b\n]=] nil').slice(1), [
      ['a', 'comment.block'],
      [']] b', 'comment.block'],
      [']=]', 'punctuation.definition.comment.end'],
      ['nil', 'constant.language'],
    ]);
  });

  test('an unfinished string ends with its line', () => {
    assert.equal(scopeOf('nil', 'x = "abc\nnil'), 'constant.language');
  });

  test('a string goes on after a backslash at the end of the line', () => {
    assert.equal(scopeOf('nil', 'x = "abc\\\nnil"'), 'string.quoted.double');
  });
});
