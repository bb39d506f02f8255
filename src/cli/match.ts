// polyadic match: how many symbols of a pattern differ at every place of a text, which may be larger than the memory.
import { extname } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { approximateHammingDistances } from "../fft/hamming/approximate.ts";
import { hammingDistancesBounded } from "../fft/hamming/bounded.ts";
import { hammingDistances } from "../fft/hamming/exact.ts";
import { withFile, writeFileAtomic } from "../io/files.ts";
import { npyHeader } from "../io/npy.ts";
import {
  countSymbols,
  overlappingBlocks,
  readSymbols,
  type SymbolBlock,
  type SymbolKind,
  SymbolTable,
  symbolsOf,
} from "../io/symbols.ts";
import { formatNumber, formatPercent } from "../plot/format.ts";
import { key } from "../random/key.ts";
import { progressBar } from "../report/progressBar.ts";
import { formatTable } from "../report/table.ts";
import { FileError } from "../tensor/errors.ts";
import { parseCount, parseSeed } from "./options.ts";
import { inkFor, type Streams, widthOf } from "./streams.ts";
import { checkFolderOf, UsageError } from "./usage.ts";

interface Flags {
  readonly k?: number;
  readonly epsilon?: number;
  readonly symbols: SymbolKind;
  readonly keepNewline?: true;
  readonly best: number;
  readonly block?: number;
  readonly out?: string;
  readonly seed: number;
  readonly json?: true;
}

/** Symbols that are in memory at once, unless the pattern is long. */
const BLOCK = 1 << 20;
/** Chance that an approximation misses its bound anywhere. */
const DELTA = 0.01;
/** Bytes of a text that are shown. */
const SHOWN = 48;

function parseEpsilon(text: string): number {
  const value = Number(text.trim() || Number.NaN);
  if (!(value > 0 && value < 1))
    throw new InvalidArgumentError(`got "${text}", expected a number between 0 and 1.`);
  return value;
}

/** Adds the command to the program. */
export function addMatch(program: Command, streams: Streams): void {
  program
    .command("match")
    .description("find where a text is most like a pattern, and how many symbols differ at every place")
    .argument("<pattern>", "a file; a line break at its very end does not count")
    .argument("<text>", "a file of any size")
    .option("--k <n>", "count up to n mismatches; more are given as n + 1", parseSeed)
    .option("--epsilon <e>", "approximate: at most this share below the truth, never above it", parseEpsilon)
    .addOption(
      new Option("--symbols <kind>", "what is compared: bytes, code points of UTF-8, or lines")
        .choices(["byte", "codepoint", "line"])
        .default("byte"),
    )
    .option("--keep-newline", "a line break at the end of the pattern is part of it")
    .option("--best <n>", "show this many places", parseCount, 10)
    .option("--block <n>", `symbols in memory at once (default: ${BLOCK}, or four patterns)`, parseCount)
    .option("--out <file>", "write the distances at all places: .npy or .csv")
    .option("--seed <n>", "seed of everything random", parseSeed, 0)
    .option("--json", "print the report as JSON")
    .action(async (pattern: string, text: string, flags: Flags) => {
      if (flags.k !== undefined && flags.epsilon !== undefined)
        throw new UsageError("--k and --epsilon exclude each other");
      if (flags.out !== undefined) {
        if (!/\.(npy|csv)$/i.test(flags.out))
          throw new FileError(`${flags.out}: distances are written as .npy or .csv`);
        await checkFolderOf(flags.out);
      }
      await match(pattern, text, flags, streams);
    });
}

interface Place {
  readonly place: number;
  readonly distance: number;
}

/** What is known of the distances seen so far. */
class Tally {
  /** The least distances in order; of equal ones the first. */
  readonly best: Place[] = [];
  sum = 0;
  seen = 0;
  /** Places with a distance that is known. */
  within = 0;
  readonly #most: number;
  readonly #limit: number;

  /** Keeps the `most` best places; distances above `limit` are no matches, only known to be above it. */
  constructor(most: number, limit: number) {
    this.#most = most;
    this.#limit = limit;
  }

  add(start: number, distances: ArrayLike<number>): void {
    const { best } = this;
    for (let i = 0; i < distances.length; i++) {
      const distance = distances[i]!;
      this.sum += distance;
      if (distance > this.#limit) continue;
      this.within++;
      if (best.length < this.#most || distance < best.at(-1)!.distance)
        this.#insert({ place: start + i, distance });
    }
    this.seen += distances.length;
  }

  #insert(place: Place): void {
    const { best } = this;
    let at = best.length;
    while (at > 0 && best[at - 1]!.distance > place.distance) at--;
    best.splice(at, 0, place);
    if (best.length > this.#most) best.pop();
  }
}

interface Task {
  readonly pattern: Uint32Array;
  readonly text: string;
  readonly table: SymbolTable;
  readonly places: number;
}

async function match(patternPath: string, textPath: string, flags: Flags, streams: Streams): Promise<void> {
  const table = new SymbolTable(flags.symbols);
  const pattern = await readSymbols(patternPath, table, flags.keepNewline);
  table.close();
  const m = pattern.length;
  if (m === 0) throw new UsageError(`${patternPath}: the pattern is empty`);
  const n = await countSymbols(textPath, table);
  if (m > n)
    throw new UsageError(
      `${patternPath}: the pattern has ${formatNumber(m)} ${flags.symbols}s, the text only ${formatNumber(n)}`,
    );
  const places = n - m + 1;
  const started = performance.now();
  const tally = await scan({ pattern, text: textPath, table, places }, flags, streams);
  const { k, epsilon, symbols, out } = flags;
  const summary = {
    pattern: patternPath,
    text: textPath,
    symbols,
    patternLength: m,
    textLength: n,
    places,
    mode: k !== undefined ? "bounded" : epsilon !== undefined ? "approximate" : "exact",
    ...(k === undefined ? {} : { k, within: tally.within }),
    ...(epsilon === undefined ? {} : { epsilon }),
    // Distances above k are not known.
    ...(k === undefined ? { mean: tally.sum / places } : {}),
    best: tally.best,
    seconds: (performance.now() - started) / 1000,
    ...(out === undefined ? {} : { out }),
  };
  streams.stdout.write(
    flags.json
      ? `${JSON.stringify(summary, null, 2)}\n`
      : await rendered(tally, m, places, textPath, flags, streams),
  );
}

/** Goes through the text block by block, writing the distances where asked. */
async function scan(
  { pattern, text, table, places }: Task,
  flags: Flags,
  { stderr }: Streams,
): Promise<Tally> {
  const m = pattern.length;
  const length = Math.max(flags.block ?? Math.max(BLOCK, 4 * m), m);
  const tally = new Tally(flags.best, flags.k ?? Number.POSITIVE_INFINITY);
  const bar = progressBar(stderr);
  async function* blocks(): AsyncGenerator<{ start: number; distances: Int32Array | Float64Array }> {
    for await (const block of overlappingBlocks(symbolsOf(text, table), length, m - 1)) {
      const distances = distancesOf(block, pattern, places, flags);
      tally.add(block.start, distances);
      bar.update({
        fraction: Math.min(1, tally.seen / places),
        stage: `${formatNumber(tally.seen)} places`,
      });
      yield { start: block.start, distances };
    }
    if (tally.seen !== places) throw new FileError(`${text}: the file changed while it was read`);
  }
  try {
    if (flags.out === undefined) for await (const _ of blocks());
    else await writeFileAtomic(flags.out, encoded(blocks(), flags.out, places, flags));
  } finally {
    bar.stop();
  }
  return tally;
}

/** The result as text: how much differs, and the best places with what stands there. */
async function rendered(
  { best, sum, within }: Tally,
  m: number,
  places: number,
  textPath: string,
  { k, symbols, out }: Flags,
  { stdout }: Streams,
): Promise<string> {
  const withText = symbols === "byte";
  const rows = await Promise.all(
    best.map(async ({ place, distance }) => [
      String(place),
      formatNumber(distance),
      formatPercent(1 - distance / m),
      ...(withText ? [await excerpt(textPath, place, Math.min(m, SHOWN))] : []),
    ]),
  );
  const differ =
    k === undefined
      ? `${formatNumber(sum / places)} differ on average`
      : `at most ${formatNumber(k)} differ at ${formatNumber(within)}`;
  const head = ["place", "differ", "alike", ...(withText ? ["text"] : [])];
  const style = { right: [0, 1, 2], width: widthOf(stdout), ink: inkFor(stdout) };
  return [
    `${formatNumber(m)} ${symbols}s against ${formatNumber(places)} places; ${differ}`,
    ...(rows.length === 0 ? [] : ["", ...formatTable(head, rows, style)]),
    ...(out === undefined ? [] : ["", `wrote ${out}`]),
    "",
  ].join("\n");
}

function distancesOf(
  { symbols }: SymbolBlock,
  pattern: Uint32Array,
  places: number,
  { k, epsilon, seed }: Flags,
): Int32Array | Float64Array {
  if (k !== undefined) return hammingDistancesBounded(symbols, pattern, k);
  if (epsilon === undefined) return hammingDistances(symbols, pattern);
  const share = (symbols.length - pattern.length + 1) / places;
  return approximateHammingDistances(key(seed), symbols, pattern, { epsilon, delta: DELTA * share });
}

async function* encoded(
  blocks: AsyncIterable<{ start: number; distances: Int32Array | Float64Array }>,
  path: string,
  places: number,
  { epsilon }: Flags,
): AsyncGenerator<Uint8Array | string> {
  const isNpy = extname(path).toLowerCase() === ".npy";
  if (isNpy) yield npyHeader(epsilon === undefined ? "int32" : "float64", [places]);
  else yield "place,distance\n";
  for await (const { start, distances } of blocks) {
    if (isNpy) yield new Uint8Array(distances.buffer, distances.byteOffset, distances.byteLength);
    else {
      const lines: string[] = [];
      for (let i = 0; i < distances.length; i++) lines.push(`${start + i},${distances[i]}\n`);
      yield lines.join("");
    }
  }
}

/** Some bytes of a text, as far as they can be shown. */
async function excerpt(path: string, place: number, count: number): Promise<string> {
  const bytes = await withFile(path, ({ read }) => read(place, count));
  return JSON.stringify(new TextDecoder().decode(bytes).replaceAll("\ufffd", "·")).slice(1, -1);
}
