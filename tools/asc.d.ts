// The one function of AssemblyScript's compiler that the build uses. Its own types declare globals (console among them)
// that replace those of Node; tsconfig.json maps the import to this file.

export interface AscResult {
  readonly error: Error | null;
  readonly stderr: { toString(): string };
}

declare const asc: { main(args: readonly string[]): Promise<AscResult> };
export default asc;
