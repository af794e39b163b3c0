/** Shows the places that a code lens has counted: as the protocol has them, in the editor's own view. */
import * as vscode from 'vscode';
import type { Location, Position, Range } from 'vscode-languageclient';

export async function showReferences(uri: string, at: Position, locations: Location[]): Promise<void> {
  await vscode.commands.executeCommand(
    'editor.action.showReferences',
    vscode.Uri.parse(uri),
    position(at),
    locations.map((one) => new vscode.Location(vscode.Uri.parse(one.uri), range(one.range))),
  );
}

function position(given: Position): vscode.Position {
  return new vscode.Position(given.line, given.character);
}

function range(given: Range): vscode.Range {
  return new vscode.Range(position(given.start), position(given.end));
}
