// Prose of bench/notes.md: a section a case, which the report takes over as it is.

/** Text by heading ("## id"). Throws Error when a heading comes twice. */
export function parseNotes(markdown: string): ReadonlyMap<string, string> {
  const notes = new Map<string, string>();
  for (const section of markdown.split(/^## /m).slice(1)) {
    const end = section.indexOf('\n');
    const id = section.slice(0, end).trim();
    if (notes.has(id)) throw new Error(`bench/notes.md has two sections "${id}"`);
    notes.set(id, section.slice(end).trim());
  }
  return notes;
}
