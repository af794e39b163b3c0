/**
 * Making a debug configuration complete, or saying which of its fields is wrong.
 *
 * Two steps, as VS Code has them: before its variables (`${file}`, …) are substituted and after. What goes out has
 * the argument names of the debug adapter. Nothing here knows the editor.
 */
import * as path from 'node:path';

export const DEBUG_TYPE = 'llmspell';

export interface Configuration {
  type: string;
  request: string;
  name: string;
  [field: string]: unknown;
}

export interface Problem {
  readonly problem: string;
}

export type Resolved = { readonly configuration: Configuration } | Problem;

export function currentFile(): Configuration {
  return { type: DEBUG_TYPE, request: 'launch', name: 'LLMSpell: current file', program: '${file}' };
}

export function currentFileFromEntry(): Configuration {
  return { ...currentFile(), name: 'LLMSpell: current file, stop on entry', stopOnEntry: true };
}

export function currentFileInTerminal(): Configuration {
  return { ...currentFile(), name: 'LLMSpell: current file in the terminal', console: 'integratedTerminal' };
}

export function attachToKernel(): Configuration {
  return { type: DEBUG_TYPE, request: 'attach', name: 'LLMSpell: attach to kernel', session: 'main' };
}

/**
 * Before substitution. F5 without a launch.json comes as an empty configuration: it means the script in the
 * active editor.
 */
export function beforeSubstitution(configuration: Partial<Configuration>, activeLanguage: string | undefined): Resolved {
  if (configuration.type === undefined && configuration.request === undefined && configuration.name === undefined) {
    if (activeLanguage !== 'llmspell' && activeLanguage !== 'lua') {
      return { problem: 'There is no LLMSpell script in the active editor to debug: open one, or add a configuration to launch.json.' };
    }
    return { configuration: { ...configuration, ...currentFile() } };
  }
  const { type = DEBUG_TYPE, request = 'launch', name = 'LLMSpell' } = configuration;
  const completed: Configuration = { ...configuration, type, request, name };
  if (request === 'launch' && completed['program'] === undefined) {
    completed['program'] = '${file}';
  }
  return { configuration: completed };
}

/** After substitution: paths are made absolute, fields of a wrong type are named. */
export function afterSubstitution(configuration: Configuration, workspaceFolder: string | undefined): Resolved {
  const where = `in the debug configuration "${configuration.name}"`;
  const wrong = (field: string, expected: string): Problem => ({
    problem: `"${field}" ${where} must be ${expected}, not ${JSON.stringify(configuration[field])}.`,
  });
  for (const field of ['session', 'kernelId', 'connectionFile', 'cwd']) {
    if (configuration[field] !== undefined && !isText(configuration[field])) {
      return wrong(field, 'a non-empty string');
    }
  }
  if (configuration.request === 'attach') {
    return { configuration };
  }
  if (configuration.request !== 'launch') {
    return wrong('request', '"launch" or "attach"');
  }
  const { program, args, env, cwd } = configuration;
  if (!isText(program)) {
    return wrong('program', 'the path of a script');
  }
  if (args !== undefined && !(Array.isArray(args) && args.every((item) => typeof item === 'string'))) {
    return wrong('args', 'a list of strings');
  }
  if (env !== undefined && !isEnvironment(env)) {
    return wrong('env', 'an object whose values are strings or null');
  }
  if (!path.isAbsolute(program) && workspaceFolder === undefined) {
    return { problem: `"program" ${where} is the relative path ${JSON.stringify(program)}, and no folder is open that it could start from.` };
  }
  const absoluteProgram = path.resolve(workspaceFolder ?? '', program);
  const base = workspaceFolder ?? path.dirname(absoluteProgram);
  return {
    configuration: { ...configuration, program: absoluteProgram, cwd: isText(cwd) ? path.resolve(base, cwd) : base },
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isEnvironment(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((item) => item === null || typeof item === 'string')
  );
}
