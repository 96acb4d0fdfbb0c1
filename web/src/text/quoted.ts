// What is typed as one word of a command, whatever stands in it. Pure.

/** `/password` takes two of these (docs/protocol.md, Commands). */
export function quoted(word: string): string {
  return `"${word.replace(/["\\]/g, "\\$&")}"`;
}
