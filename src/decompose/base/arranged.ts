import { conj } from "../../ops/complex.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Arranged, Decomposition } from "../types.ts";
import { frobenius } from "./frobenius.ts";
import { arrangeIndices, disarrange, isPermutation, paddingOf } from "./layout.ts";
import type { FormatRules } from "./rules.ts";
import { scalarOf } from "./scalars.ts";

type Inner = Arranged["inner"];
const make = (d: Arranged, inner: Inner): Arranged => ({ kind: "arranged", layout: d.layout, inner });

/** Rules of a rearranged decomposition, in terms of those of what it wraps. */
export function arrangedRules(
  rulesOf: (d: Decomposition) => FormatRules<Decomposition>,
): FormatRules<Arranged> {
  const sameLayout = (a: Arranged, b: Arranged, what: string): void => {
    if (JSON.stringify(a.layout) !== JSON.stringify(b.layout) || a.inner.kind !== b.inner.kind)
      throw new DomainError(
        `${what}: two decompositions of one layout and kind were expected; convert() one of them`,
      );
  };
  const rules: FormatRules<Arranged> = {
    tensors: (d) => rulesOf(d.inner).tensors(d.inner),
    shape: (d) => d.layout.shape,
    ranks: (d) => rulesOf(d.inner).ranks(d.inner),
    full: (d) => disarrange(rulesOf(d.inner).full(d.inner), d.layout),
    restrict(d, positions) {
      if (!isPermutation(d.layout))
        throw new DomainError("restrict: split modes cannot be restricted; read entries() instead");
      const lengths = d.layout.shape.map((n, k) => positions[k]?.size ?? n);
      const inner = rulesOf(d.inner).restrict(
        d.inner,
        d.layout.order.map((mode) => positions[mode] ?? null),
      ) as Inner;
      const layout = { ...d.layout, shape: lengths, padded: lengths, splits: lengths.map((n) => [n]) };
      return { kind: "arranged", layout, inner };
    },
    entries: (d, index, count) =>
      rulesOf(d.inner).entries(d.inner, arrangeIndices(index, count, d.layout), count),
    norm: (d) =>
      paddingOf(d.layout) === 0 ? rulesOf(d.inner).norm(d.inner) : frobenius(rules.full(d).contiguous()),
    inner(a, b) {
      sameLayout(a, b, "inner");
      // What the decompositions hold in the padding does not count.
      if (paddingOf(a.layout) > 0) return scalarOf(conj(rules.full(a)).mul(rules.full(b)).sum());
      return rulesOf(a.inner).inner(a.inner, b.inner);
    },
    add(a, b) {
      sameLayout(a, b, "add");
      return make(a, rulesOf(a.inner).add(a.inner, b.inner) as Inner);
    },
    scale: (d, factor) => make(d, rulesOf(d.inner).scale(d.inner, factor) as Inner),
    hadamard(a, b) {
      sameLayout(a, b, "hadamard");
      return make(a, rulesOf(a.inner).hadamard(a.inner, b.inner) as Inner);
    },
    round(d, options) {
      const inner = rulesOf(d.inner);
      // A tolerance relative to the tensor, which may be smaller than the padded one.
      const rtol =
        options.rtol && paddingOf(d.layout) > 0
          ? options.rtol * Math.min(1, rules.norm(d) / (inner.norm(d.inner) || 1))
          : options.rtol;
      return make(d, inner.round(d.inner, rtol === undefined ? options : { ...options, rtol }) as Inner);
    },
  };
  return rules;
}

/** Row-major enumeration of every index of a box, for reading split modes entry by entry. */
export function boxIndices(positions: readonly (readonly number[])[]): { index: Int32Array; count: number } {
  const order = positions.length;
  const count = positions.reduce((product, list) => product * list.length, 1);
  const index = new Int32Array(count * order);
  const at = new Array<number>(order).fill(0);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < order; k++) index[i * order + k] = positions[k]![at[k]!]!;
    for (let k = order - 1; k >= 0 && ++at[k]! === positions[k]!.length; k--) at[k] = 0;
  }
  return { index, count };
}
