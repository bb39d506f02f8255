// Where batches come from: tensors in memory, examples by number, or anything that yields batches.

import { permutation } from "../random/distributions.ts";
import { foldIn, type Key } from "../random/key.ts";
import { allocate } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { tree } from "../tensor/tree.ts";

/** Examples by number, for data that is not in memory. */
export interface Dataset<B> {
  readonly length: number;
  /** The batch of these examples. */
  batch(indices: Int32Array): B | Promise<B>;
}

/** Batches of one epoch, in order. */
export type Batches<B> = Iterable<B> | AsyncIterable<B>;

/**
 * What training draws batches from: a tree of tensors with one first axis in common; examples by number; or batches as
 * they come, from an iterable or a function of the epoch that returns one (so that each epoch can be another, and is the
 * same again when training resumes).
 */
export type Data<B> =
  | B
  | Dataset<B>
  | AsyncIterable<B>
  | Iterable<B>
  | ((epoch: { readonly epoch: number; readonly key: Key }) => Batches<B> | Promise<Batches<B>>);

export interface BatchOptions {
  /** Examples per batch; all of them unless told. Not for data that comes in batches. */
  readonly batchSize?: number;
  /** Whether examples come in a new random order in each epoch; true unless told. */
  readonly shuffle?: boolean;
  /** What becomes of the examples left when the others have filled their batches; "keep" unless told. */
  readonly lastBatch?: "keep" | "drop";
  /** Batches of asynchronous data that are asked for before they are needed; 2 unless told. */
  readonly prefetch?: number;
}

/** Batches of one epoch from the one numbered `from` on; `next` answers at once where it can. */
export interface BatchStream<B> {
  next(): Promise<B | undefined> | B | undefined;
  close(): void | Promise<void>;
}

/** Data as the loop sees it. */
export interface Source<B> {
  /** Number of examples, and of batches in an epoch, where known. */
  readonly examples: number | undefined;
  readonly batches: number | undefined;
  epoch(epoch: number, from: number): Promise<BatchStream<B>> | BatchStream<B>;
}

/**
 * The source of some data; orders depend on `key` and the number of the epoch alone. Throws ShapeError for leaves that
 * differ in their first axis, DomainError for options that do not fit.
 */
export function source<B>(data: Data<B>, key: Key, options: BatchOptions, what = "data"): Source<B> {
  const { batchSize, prefetch = 2 } = options;
  if (!(Number.isInteger(prefetch) && prefetch >= 0))
    throw new DomainError(`fit: prefetch: an integer of at least 0 was expected, got ${prefetch}`);
  if (data === undefined || data === null)
    throw new DomainError(
      `fit: ${what}: a tree of tensors, a data set or an iterable was expected, got ${data}`,
    );
  if (isStream<B>(data)) {
    if (batchSize !== undefined)
      throw new DomainError(
        `fit: batchSize: ${what} comes in batches already; leave batchSize out, or pass tensors or a data set`,
      );
    const open = typeof data === "function" ? data : () => data;
    return {
      examples: undefined,
      batches: undefined,
      epoch: async (epoch, from) =>
        streamed(await open({ epoch, key: foldIn(key, epoch) }), from, prefetch, what),
    };
  }
  const set = isDataset<B>(data) ? data : inMemory(data as B, what);
  return numbered(set, key, options, what);
}

const isStream = <B>(data: unknown): data is Exclude<Data<B>, B | Dataset<B>> =>
  typeof data === "function" ||
  (typeof data === "object" &&
    data !== null &&
    !Array.isArray(data) &&
    !(data instanceof Tensor) &&
    (Symbol.iterator in data || Symbol.asyncIterator in data));

const isDataset = <B>(data: unknown): data is Dataset<B> =>
  typeof data === "object" &&
  data !== null &&
  "batch" in data &&
  typeof data.batch === "function" &&
  "length" in data &&
  typeof data.length === "number";

/** A tree of tensors as a data set: rows are copied out in the asked order. */
function inMemory<B>(data: B, what: string): Dataset<B> {
  const { leaves, structure } = tree.flatten(data);
  const where = (i: number): string => `${what}${structure.paths[i]}`;
  if (leaves.length === 0)
    throw new ShapeError(`fit: ${what}: a tree of tensors was expected, it holds none`);
  const length = leaves[0]!.shape[0];
  leaves.forEach((x, i) => {
    if (x.ndim === 0 || x.shape[0] !== length)
      throw new ShapeError(
        `fit: ${where(i)}: a first axis of ${length ?? "one or more"} examples${i > 0 && length !== undefined ? `, as ${where(0)} has,` : ""} was expected, got shape ${formatShape(x.shape)}`,
      );
  });
  const rows = leaves.map(rowsOf);
  return {
    length: length!,
    batch: (indices) =>
      tree.unflatten<B>(
        structure,
        rows.map((take) => take(indices)),
      ),
  };
}

function rowsOf(x: Tensor): (indices: Int32Array) => Tensor {
  const data = x.data();
  const [n, ...rest] = x.shape;
  const row = n === 0 ? 0 : data.length / n!;
  return (indices) => {
    const count = indices.length;
    const shape = [count, ...rest];
    const out = allocate(
      x.dtype,
      shape.reduce((a, b) => a * b, 1),
    );
    // Short rows are copied faster than views of them are made.
    if (row >= 32)
      for (let k = 0; k < count; k++)
        out.set(data.subarray(indices[k]! * row, (indices[k]! + 1) * row), k * row);
    else
      for (let k = 0; k < count; k++) {
        const start = indices[k]! * row;
        for (let j = 0; j < row; j++) out[k * row + j] = data[start + j]!;
      }
    return new Tensor(out, shape, x.dtype);
  };
}

/** Examples in an order of their own in each epoch: batch k of epoch e needs nothing of those before it. */
function numbered<B>(set: Dataset<B>, key: Key, options: BatchOptions, what: string): Source<B> {
  const { length } = set;
  if (!(Number.isInteger(length) && length > 0))
    throw new DomainError(`fit: ${what}: at least one example was expected, got ${length}`);
  const { batchSize: asked = length, shuffle = true, lastBatch = "keep", prefetch = 2 } = options;
  if (lastBatch !== "keep" && lastBatch !== "drop")
    throw new DomainError(`fit: lastBatch: "keep" or "drop" was expected, got ${String(lastBatch)}`);
  if (asked > length && lastBatch === "drop")
    throw new DomainError(
      `fit: batchSize: at most ${length}, the number of examples, was expected with lastBatch "drop", got ${asked}`,
    );
  const batchSize = Math.min(asked, length);
  const batches = lastBatch === "keep" ? Math.ceil(length / batchSize) : Math.floor(length / batchSize);
  const inOrder = Int32Array.from({ length }, (_, i) => i);
  return {
    examples: length,
    batches,
    epoch: (epoch, from) => {
      const order = shuffle ? (permutation(foldIn(key, epoch), length).data() as Int32Array) : inOrder;
      let at = from;
      const next = (): B | Promise<B> | undefined => {
        if (at >= batches) return undefined;
        const start = at++ * batchSize;
        return set.batch(order.subarray(start, Math.min(start + batchSize, length)));
      };
      return ahead<B>(next, prefetch, () => undefined);
    },
  };
}

async function streamed<B>(
  batches: Batches<B>,
  from: number,
  prefetch: number,
  what: string,
): Promise<BatchStream<B>> {
  if (
    typeof batches !== "object" ||
    batches === null ||
    !(Symbol.asyncIterator in batches || Symbol.iterator in batches)
  )
    throw new DomainError(
      `fit: ${what}: the function must return an iterable of batches, got ${String(batches)}`,
    );
  const iterator: AsyncIterator<B> | Iterator<B> =
    Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
  const isAsync = Symbol.asyncIterator in batches;
  // Batches that were seen before a restart are drawn again and left.
  for (let i = 0; i < from; i++) if ((await iterator.next()).done) break;
  const next = (): B | undefined | Promise<B | undefined> => {
    const step = iterator.next();
    const value = (result: IteratorResult<B>): B | undefined => (result.done ? undefined : result.value);
    return step instanceof Promise ? step.then(value) : value(step);
  };
  return ahead(next, isAsync ? prefetch : 0, async () => {
    await iterator.return?.();
  });
}

/** Asks for promised batches before they are needed; what comes at once is asked for when it is needed. */
function ahead<B>(
  draw: () => B | undefined | Promise<B | undefined>,
  prefetch: number,
  close: () => void | Promise<void>,
): BatchStream<B> {
  const pending: (B | undefined | Promise<B | undefined>)[] = [];
  const ask = (): B | undefined | Promise<B | undefined> => {
    const item = draw();
    // It is awaited when its turn comes; until then a failure must not count as unhandled.
    if (item instanceof Promise) item.catch(() => undefined);
    return item;
  };
  return {
    next: () => {
      const item = pending.length > 0 ? pending.shift() : ask();
      if (item instanceof Promise) while (pending.length < prefetch) pending.push(ask());
      return item;
    },
    close,
  };
}

/** The number of examples in a batch: the first axis of its first tensor that has one. */
export const examplesIn = (batch: unknown): number => firstLength(batch) ?? 1;

/** Looks no further than it must: it is asked at every step. */
function firstLength(batch: unknown): number | undefined {
  if (batch instanceof Tensor) return batch.shape[0];
  if (typeof batch !== "object" || batch === null) return undefined;
  for (const item of Object.values(batch)) {
    const length = firstLength(item);
    if (length !== undefined) return length;
  }
  return undefined;
}
