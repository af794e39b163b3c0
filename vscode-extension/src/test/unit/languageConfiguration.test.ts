import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

interface LanguageConfiguration {
  readonly indentationRules: { readonly increaseIndentPattern: string; readonly decreaseIndentPattern: string };
  readonly onEnterRules: readonly { readonly beforeText: string }[];
}

const configuration = JSON.parse(readFileSync('language-configuration.json', 'utf8')) as LanguageConfiguration;
const increase = new RegExp(configuration.indentationRules.increaseIndentPattern);
const decrease = new RegExp(configuration.indentationRules.decreaseIndentPattern);

describe('indentation', () => {
  for (const [line, expected] of [
    ['if x then', true],
    ['for i = 1, 3 do -- three', true],
    ['else', true],
    ['repeat', true],
    ['local function f(a, b)', true],
    ['return function()', true],
    ['Tool.execute("x", {', true],
    ['call(function(error)', true],
    ['local x = {}', false],
    ['if x then return end', false],
    ['-- if x then', false],
    ['print("then")', false],
    ['local redo', false],
    ['print("if x then")', false],
  ] as const) {
    test(`${line} ${expected ? 'opens' : 'does not open'} a block`, () => {
      assert.equal(increase.test(line), expected);
    });
  }

  for (const [line, expected] of [
    ['end', true],
    ['  else', true],
    ['until x', true],
    ['})', true],
    ['ending()', false],
    ['x = 1', false],
  ] as const) {
    test(`${line} ${expected ? 'closes' : 'does not close'} a block`, () => {
      assert.equal(decrease.test(line), expected);
    });
  }

  test('a long line takes no time', { timeout: 1_000 }, () => {
    assert.equal(increase.test(`${'x = "a" .. function() '.repeat(2_000)}-`), false);
  });
});

test('Enter continues a documentation comment, not a row of dashes', () => {
  const rule = new RegExp(configuration.onEnterRules[0]?.beforeText ?? '');
  assert.deepEqual(['--- text', '  ---@param x', '-----', '-- text'].map((line) => rule.test(line)), [true, true, false, false]);
});
