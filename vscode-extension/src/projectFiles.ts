/**
 * Which Lua files are LLMSpell scripts.
 *
 * A file is one when it lies in a project, the nearest folder above it that holds `llmspell.toml`, and matches a
 * pattern of `llmspell.files` relative to that folder. Where the setting is set for a workspace or folder, the
 * workspace folder takes the place of the project and no `llmspell.toml` is needed. Nothing here knows the editor.
 */
import * as path from 'node:path';

export const PROJECT_FILE = 'llmspell.toml';

export interface FileSettings {
  readonly patterns: readonly string[];
  /** Set for the workspace or one of its folders, not by default and not for the user. */
  readonly setInWorkspace: boolean;
}

export type Matches = (root: string, pattern: string) => boolean;

export async function isScript(
  file: string,
  workspaceFolder: string | undefined,
  settings: FileSettings,
  matches: Matches,
  isFile: (file: string) => Promise<boolean>,
): Promise<boolean> {
  const root =
    settings.setInWorkspace && workspaceFolder !== undefined
      ? workspaceFolder
      : await projectRoot(file, workspaceFolder, isFile);
  return root !== undefined && settings.patterns.some((pattern) => matches(root, pattern));
}

/** The nearest folder with `llmspell.toml`, not above the workspace folder that holds the file. */
export async function projectRoot(
  file: string,
  workspaceFolder: string | undefined,
  isFile: (file: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if (await isFile(path.join(folder, PROJECT_FILE))) {
      return folder;
    }
    if (folder === workspaceFolder || folder === path.dirname(folder)) {
      return undefined;
    }
  }
}
