/**
 * Finding the Python that has the `llmspell` package.
 *
 * Candidates, in this order: the setting `llmspell.python` (then nothing else), the `.venv` of each workspace
 * folder (trusted workspaces only: looking at it means running it), the PATH. Each is asked, within a time limit,
 * whether it is new enough and can find both servers. Nothing here knows the editor.
 */
import { execFile } from 'node:child_process';
import { existsSync, realpathSync, statSync } from 'node:fs';
import * as path from 'node:path';

/** Milliseconds. A cold start of Python from a slow disk takes some seconds, a hung one forever. */
export const PROBE_LIMIT = 15_000;
const PROBE_OUTPUT_LIMIT = 64 * 1024;

export type CandidateSource = 'the setting llmspell.python' | "the workspace's .venv" | 'the PATH';

export interface Candidate {
  readonly command: string;
  readonly source: CandidateSource;
}

export interface Surroundings {
  /** The value of `llmspell.python`; empty when not set. */
  readonly setting: string;
  readonly folders: readonly string[];
  readonly trusted: boolean;
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
}

export interface Interpreter extends Candidate {
  readonly pythonVersion: string;
  readonly llmspellVersion: string;
}

export type Finding =
  | { readonly kind: 'ready'; readonly interpreter: Interpreter }
  | { readonly kind: 'absent'; readonly candidate: Candidate }
  | { readonly kind: 'old'; readonly candidate: Candidate; readonly pythonVersion: string }
  | { readonly kind: 'bare'; readonly candidate: Candidate; readonly pythonVersion: string; readonly missing: string }
  | { readonly kind: 'silent'; readonly candidate: Candidate; readonly limit: number }
  | { readonly kind: 'failed'; readonly candidate: Candidate; readonly reason: string };

export interface Search {
  readonly interpreter: Interpreter | undefined;
  readonly findings: readonly Finding[];
}

export type Probe = (candidate: Candidate) => Promise<Finding>;

// find_spec imports parent packages only, which are empty: the probe costs one start of Python.
const PROBE_SOURCE = `
import json, sys
answer = {"python": ".".join(map(str, sys.version_info[:3])), "old": sys.version_info < (3, 11)}
if not answer["old"]:
    import importlib.metadata, importlib.util
    def has(name):
        try:
            return importlib.util.find_spec(name) is not None
        except ImportError:
            return False
    answer["missing"] = [name for name in ("llmspell_lsp.main", "llmspell_dap.main") if not has(name)]
    try:
        answer["llmspell"] = importlib.metadata.version("llmspell")
    except importlib.metadata.PackageNotFoundError:
        answer["llmspell"] = "unknown"
print(json.dumps(answer))
`;

export function candidates(surroundings: Surroundings): Candidate[] {
  if (surroundings.setting.trim() !== '') {
    return [{ command: expandSetting(surroundings), source: 'the setting llmspell.python' }];
  }
  const found: Candidate[] = [];
  if (surroundings.trusted) {
    for (const folder of surroundings.folders) {
      const command = pythonOfEnvironment(path.join(folder, '.venv'));
      if (command !== undefined) {
        found.push({ command, source: "the workspace's .venv" });
      }
    }
  }
  for (const command of pythonsOnPath(surroundings)) {
    if (!found.some((candidate) => candidate.command === command)) {
      found.push({ command, source: 'the PATH' });
    }
  }
  return found;
}

/** `~`, `${workspaceFolder}` and relative paths are resolved; a virtual environment's folder gives its Python. */
function expandSetting(surroundings: Surroundings): string {
  const base = surroundings.folders[0] ?? surroundings.home;
  const value = surroundings.setting
    .trim()
    .replaceAll('${workspaceFolder}', base)
    .replace(/^~(?=$|[\\/])/, () => surroundings.home);
  if (!/[\\/]/.test(value)) {
    return onPath(value, surroundings) ?? value;
  }
  const absolute = path.resolve(base, value);
  return isDirectory(absolute) ? (pythonOfEnvironment(absolute) ?? absolute) : absolute;
}

function pythonOfEnvironment(environment: string): string | undefined {
  const places = [path.join(environment, 'bin', 'python'), path.join(environment, 'Scripts', 'python.exe')];
  return places.find(isFile);
}

function pythonsOnPath(surroundings: Surroundings): string[] {
  const found: string[] = [];
  const script = onPath('llmspell-lsp', surroundings);
  if (script !== undefined) {
    const beside = pythonBeside(script, surroundings.platform);
    if (beside !== undefined) {
      found.push(beside);
    }
  }
  for (const name of surroundings.platform === 'win32' ? ['python', 'python3'] : ['python3', 'python']) {
    const command = onPath(name, surroundings);
    if (command !== undefined && !found.includes(command)) {
      found.push(command);
    }
  }
  return found;
}

/** The Python of the environment in which a console script is installed; pipx and uv link the script elsewhere. */
function pythonBeside(script: string, platform: NodeJS.Platform): string | undefined {
  const folder = path.dirname(realpathSync(script));
  const places =
    platform === 'win32'
      ? [path.join(folder, 'python.exe'), path.join(folder, '..', 'python.exe')]
      : [path.join(folder, 'python'), path.join(folder, 'python3')];
  return places.find(isFile);
}

/** Searches the PATH ourselves: Windows would look into the current folder first. */
function onPath(command: string, { env, platform }: Surroundings): string | undefined {
  const windows = platform === 'win32';
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(windows ? ';' : ':').filter((folder) => path.isAbsolute(folder));
  const endings = windows ? ['.exe', '.cmd', '.bat'] : [''];
  for (const folder of folders) {
    for (const ending of endings) {
      const file = path.join(folder, command + ending);
      if (isFile(file)) {
        return file;
      }
    }
  }
  return undefined;
}

function isFile(file: string): boolean {
  return existsSync(file) && statSync(file).isFile();
}

function isDirectory(file: string): boolean {
  return existsSync(file) && statSync(file).isDirectory();
}

/**
 * Asks one candidate. `safeFolder` is the current folder of the question: Python imports from there first, so it
 * must not be the workspace.
 */
export function probeInterpreter(candidate: Candidate, safeFolder: string, limit = PROBE_LIMIT): Promise<Finding> {
  if (!isFile(candidate.command)) {
    return Promise.resolve({ kind: 'absent', candidate });
  }
  return new Promise((resolve) => {
    execFile(
      candidate.command,
      ['-c', PROBE_SOURCE],
      { cwd: safeFolder, timeout: limit, killSignal: 'SIGKILL', maxBuffer: PROBE_OUTPUT_LIMIT, windowsHide: true },
      (error, stdout, stderr) => {
        if (error?.killed === true && error.code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
          resolve({ kind: 'silent', candidate, limit });
        } else if (error) {
          const lines = stderr.trim().split('\n');
          resolve({ kind: 'failed', candidate, reason: lines.at(-1) || error.message });
        } else {
          resolve(readAnswer(candidate, stdout));
        }
      },
    );
  });
}

interface Answer {
  readonly python: string;
  readonly old: boolean;
  readonly missing?: readonly string[];
  readonly llmspell?: string;
}

function readAnswer(candidate: Candidate, stdout: string): Finding {
  let answer: Answer;
  try {
    answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Answer;
  } catch {
    return { kind: 'failed', candidate, reason: `it printed ${JSON.stringify(stdout.slice(0, 80))}, which is no Python's answer` };
  }
  if (answer.old) {
    return { kind: 'old', candidate, pythonVersion: answer.python };
  }
  const missing = answer.missing?.[0];
  if (missing !== undefined) {
    return { kind: 'bare', candidate, pythonVersion: answer.python, missing };
  }
  return {
    kind: 'ready',
    interpreter: { ...candidate, pythonVersion: answer.python, llmspellVersion: answer.llmspell ?? 'unknown' },
  };
}

/** Asks the candidates one after the other, until one has `llmspell`. */
export async function findInterpreter(surroundings: Surroundings, probe: Probe): Promise<Search> {
  const findings: Finding[] = [];
  for (const candidate of candidates(surroundings)) {
    const finding = await probe(candidate);
    findings.push(finding);
    if (finding.kind === 'ready') {
      return { interpreter: finding.interpreter, findings };
    }
  }
  return { interpreter: undefined, findings };
}

/** One line for the output channel. */
export function describeFinding(finding: Finding): string {
  if (finding.kind === 'ready') {
    const { command, source, pythonVersion, llmspellVersion } = finding.interpreter;
    return `${command} (from ${source}): Python ${pythonVersion} with llmspell ${llmspellVersion}`;
  }
  return `${finding.candidate.command} (from ${finding.candidate.source}): ${reasonAgainst(finding)}`;
}

function reasonAgainst(finding: Exclude<Finding, { kind: 'ready' }>): string {
  switch (finding.kind) {
    case 'absent':
      return 'no such file';
    case 'old':
      return `is Python ${finding.pythonVersion}; LLMSpell needs 3.11 or later`;
    case 'bare':
      return `is Python ${finding.pythonVersion}, without the llmspell package (no module ${finding.missing})`;
    case 'silent':
      return `did not answer within ${finding.limit / 1000} s`;
    case 'failed':
      return `failed: ${finding.reason}`;
  }
}

/** The message for the person when the search found nothing. */
export function explainSearch(search: Search): string {
  const [first] = search.findings;
  if (first !== undefined && first.kind !== 'ready' && first.candidate.source === 'the setting llmspell.python') {
    return `LLMSpell cannot use the Python that the setting llmspell.python names: ${first.candidate.command} ${verbal(reasonAgainst(first))}.`;
  }
  const tried = search.findings.length === 0 ? 'there is no Python in .venv or on the PATH' : 'none of those in .venv and on the PATH has it';
  return `LLMSpell needs a Python 3.11 or later with the llmspell package, and ${tried}.`;
}

function verbal(reason: string): string {
  return reason === 'no such file' ? 'does not exist' : reason;
}

/** The shell command that installs `llmspell`: into the environment that is there, or into a new `.venv`. */
export function installCommand(search: Search, platform: NodeJS.Platform): string {
  const bare = search.findings.find((finding) => finding.kind === 'bare');
  if (bare !== undefined && bare.candidate.source !== 'the PATH') {
    return `${quote(bare.candidate.command, platform)} -m pip install llmspell`;
  }
  const windows = platform === 'win32';
  const python = bare === undefined ? (windows ? 'python' : 'python3') : quote(bare.candidate.command, platform);
  return windows
    ? `${python} -m venv .venv; .venv\\Scripts\\python -m pip install llmspell`
    : `${python} -m venv .venv && .venv/bin/python -m pip install llmspell`;
}

function quote(command: string, platform: NodeJS.Platform): string {
  if (/^[\w./:\\-]+$/.test(command)) {
    return command;
  }
  return platform === 'win32' ? `& "${command}"` : `'${command.replaceAll("'", `'\\''`)}'`;
}
