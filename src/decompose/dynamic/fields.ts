// Right-hand sides as the local problems of an integrator see them: projected on the bases that are held fixed.

import { conj } from "../../ops/complex.ts";
import { contract, matmul } from "../../ops/contract.ts";
import { mT } from "../../ops/movement.ts";
import type { Complex } from "../../tensor/complex.ts";
import { eye } from "../../tensor/create.ts";
import { ShapeError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { adjoint, multiModeProduct } from "../base/unfold.ts";
import type { KroneckerSumOperator } from "./kroneckerSum.ts";
import { innerState, type LowRank, lowRankOf, stateOf, type TreeState } from "./nodes.ts";

/** An ordinary differential equation for one small tensor. */
export interface LocalProblem {
  derivative(t: number, state: Tensor): Tensor;
  readonly isLinear: boolean;
  /** About the Lipschitz constant of the derivative. */
  bound(t: number, state: Tensor): number;
}

/** The surroundings of one node: all else is held fixed. */
export interface Surroundings {
  /** The problem of a node's own tensor: a leaf's basis times its weights, or a core. */
  problem(node: TreeState): LocalProblem;
  /** The surroundings of a child, where the node's core is replaced by one with orthonormal rows along the child's axis. */
  below(node: TreeState, child: number, core: Tensor): Surroundings;
}

const product = (a: number | Complex, b: number | Complex): number | Complex => {
  if (typeof a === "number" && typeof b === "number") return a * b;
  const x = typeof a === "number" ? { re: a, im: 0 } : a;
  const y = typeof b === "number" ? { re: b, im: 0 } : b;
  return { re: x.re * y.re - x.im * y.im, im: x.re * y.im + x.im * y.re };
};

/** A matrix along one axis; null is the identity. Equal names are equal matrices. */
interface Factor {
  readonly name: string;
  readonly matrix: Tensor | null;
}

const IDENTITY: Factor = { name: "", matrix: null };

/** scalar · a product of matrices along the axes of a core. */
interface Term {
  readonly scalar: number | Complex;
  readonly factors: readonly Factor[];
}

/** The contraction of two tensors over all axes but one. */
function overlap(a: Tensor, b: Tensor, axis: number): Tensor {
  const others = a.shape.map((_, k) => k).filter((k) => k !== axis);
  return contract(a, b, { axes: [others, others] });
}

/** What a term asks of the modes below a node. */
interface Entry {
  readonly operators: ReadonlyMap<number, number>;
  readonly scalar: number | Complex;
  /** Along the axis to the parent. */
  readonly outer: Factor;
}

/** Right-hand sides that are sums of Kronecker products: reduced to small matrices once a step. */
export class OperatorField {
  private readonly operator: KroneckerSumOperator;
  private readonly norm: number;
  private names = 0;

  constructor(operator: KroneckerSumOperator) {
    this.operator = operator;
    this.norm = operator.normBound();
  }

  around(): Surroundings {
    const entries = this.operator.terms.map(({ coefficient, operators }) => ({
      operators,
      scalar: coefficient,
      outer: IDENTITY,
    }));
    return this.surroundings(entries, new Map());
  }

  private surroundings(entries: readonly Entry[], cache: Map<TreeState, Map<string, Factor>>): Surroundings {
    const terms = (node: TreeState): Term[] =>
      entries.map(({ operators, scalar, outer }) => ({
        scalar,
        factors: [...node.children.map((child) => this.reduced(child, operators, cache)), outer],
      }));
    return {
      problem: (node) => {
        const isLeaf = node.children.length === 0;
        const derivative = isLeaf
          ? this.leafDerivative(node.modes[0]!, entries)
          : this.coreDerivative(this.merged(terms(node)));
        return { derivative: (_, state) => derivative(state), isLinear: true, bound: () => this.norm };
      },
      below: (node, child, core) => {
        const inside = node.children[child]!;
        const groups = new Map<string, { operators: ReadonlyMap<number, number>; terms: Term[] }>();
        terms(node).forEach(({ scalar, factors }, i) => {
          const { operators } = entries[i]!;
          const name = signature(inside, operators);
          const outside = factors.map((factor, axis) => (axis === child ? IDENTITY : factor));
          const group = groups.get(name) ?? { operators, terms: [] };
          group.terms.push({ scalar, factors: outside });
          groups.set(name, group);
        });
        const below = [...groups.values()].map((group): Entry => {
          const list = this.merged(group.terms, child);
          const only = list.length === 1 && list[0]!.factors.every(({ matrix }) => !matrix);
          if (only) return { operators: group.operators, scalar: list[0]!.scalar, outer: IDENTITY };
          const applied = this.coreDerivative(list)(core);
          return {
            operators: group.operators,
            scalar: 1,
            outer: this.named(overlap(conj(core), applied, child)),
          };
        });
        return this.surroundings(below, cache);
      },
    };
  }

  private named(matrix: Tensor): Factor {
    return { name: `#${this.names++}`, matrix };
  }

  /** Uᴴ (⊗ A) U with the basis U of a node. */
  private reduced(
    node: TreeState,
    operators: ReadonlyMap<number, number>,
    cache: Map<TreeState, Map<string, Factor>>,
  ): Factor {
    const name = signature(node, operators);
    if (name === "") return IDENTITY;
    let known = cache.get(node);
    if (!known) {
      known = new Map();
      cache.set(node, known);
    }
    const before = known.get(name);
    if (before) return before;
    const u = node.tensor;
    const matrix =
      node.children.length === 0
        ? matmul(adjoint(u), this.operator.operators[operators.get(node.modes[0]!)!]!.apply(u))
        : overlap(
            conj(u),
            multiModeProduct(u, [
              ...node.children.map((child) => this.reduced(child, operators, cache).matrix),
              null,
            ]),
            node.children.length,
          );
    const factor = this.named(matrix.contiguous());
    known.set(name, factor);
    return factor;
  }

  /** Terms that differ along one axis only become one, axis after axis. */
  private merged(terms: readonly Term[], skip = -1): readonly Term[] {
    let list = terms;
    const axes = terms[0]?.factors.length ?? 0;
    for (let axis = 0; axis < axes; axis++) {
      if (axis === skip) continue;
      const groups = new Map<string, Term[]>();
      for (const term of list) {
        const name = term.factors.map((factor, k) => (k === axis ? "*" : factor.name)).join("|");
        groups.set(name, [...(groups.get(name) ?? []), term]);
      }
      list = [...groups.values()].map((group) => {
        if (group.length === 1) return group[0]!;
        const size = group.flatMap(({ factors }) => factors[axis]!.matrix?.shape[0] ?? [])[0];
        if (size === undefined)
          return { ...group[0]!, scalar: group.map(({ scalar }) => scalar).reduce(plus) };
        const matrix = group
          .map(({ scalar, factors }) => (factors[axis]!.matrix ?? eye(size, size)).mul(scalar))
          .reduce((a, b) => a.add(b));
        const factors = group[0]!.factors.map((factor, k) => (k === axis ? this.named(matrix) : factor));
        return { scalar: 1, factors };
      });
    }
    return list;
  }

  private coreDerivative(terms: readonly Term[]): (core: Tensor) => Tensor {
    return (core) =>
      terms
        .map(({ scalar, factors }) => {
          const y = multiModeProduct(
            core,
            factors.map(({ matrix }) => matrix),
          );
          return scalar === 1 ? y : y.mul(scalar);
        })
        .reduce((a, b) => a.add(b));
  }

  private leafDerivative(mode: number, entries: readonly Entry[]): (k: Tensor) => Tensor {
    return (k) =>
      entries
        .map(({ operators, scalar, outer }) => {
          const place = operators.get(mode);
          const weighted = outer.matrix ? matmul(k, mT(outer.matrix)) : k;
          const y = place === undefined ? weighted : this.operator.operators[place]!.apply(weighted);
          return scalar === 1 ? y : y.mul(scalar);
        })
        .reduce((a, b) => a.add(b));
  }
}

const plus = (a: number | Complex, b: number | Complex): number | Complex => {
  if (typeof a === "number" && typeof b === "number") return a + b;
  const x = product(a, { re: 1, im: 0 }) as Complex;
  const y = product(b, { re: 1, im: 0 }) as Complex;
  return { re: x.re + y.re, im: x.im + y.im };
};

/** Which operators a term has below a node. */
const signature = (node: TreeState, operators: ReadonlyMap<number, number>): string =>
  node.modes
    .filter((mode) => operators.has(mode))
    .map((mode) => `${mode}:${operators.get(mode)}`)
    .join(" ");

/** A right-hand side given as a function of the low-rank state, of the same kind. */
export type LowRankFunction<Y extends LowRank = LowRank> = (t: number, y: Y) => Y;

/** What lies above a node: cores with orthonormal rows along the way down. */
interface Step {
  readonly node: TreeState;
  readonly child: number;
  readonly core: Tensor;
}

export class FunctionField {
  private readonly f: LowRankFunction;
  private readonly like: LowRank;

  constructor(f: LowRankFunction, like: LowRank) {
    this.f = f;
    this.like = like;
  }

  around(): Surroundings {
    return this.surroundings([]);
  }

  private surroundings(path: readonly Step[]): Surroundings {
    return {
      problem: (node) => {
        const derivative = (t: number, state: Tensor): Tensor => this.project(path, node, t, state);
        return {
          derivative,
          isLinear: false,
          bound: (t, state) => {
            const size = frobenius(state.contiguous());
            return size > 0 ? frobenius(derivative(t, state).contiguous()) / size : 0;
          },
        };
      },
      below: (node, child, core) => this.surroundings([...path, { node, child, core }]),
    };
  }

  /** The projection of F at the state in its surroundings, as a derivative of the state. */
  private project(path: readonly Step[], node: TreeState, t: number, state: Tensor): Tensor {
    const whole = path.reduceRight<TreeState>(
      (below, { node: above, child, core }) =>
        innerState(
          above.children.map((other, i) => (i === child ? below : other)),
          core,
        ),
      { ...node, tensor: state },
    );
    const value = this.f(t, lowRankOf(whole, this.like));
    let result = this.checked(value, whole);
    let outer: Tensor | null = null;
    for (const { node: above, child, core } of path) {
      const matrices = above.children.map((other, i) =>
        i === child ? null : basisOverlap(other, result.children[i]!),
      );
      outer = overlap(conj(core), multiModeProduct(result.tensor, [...matrices, outer]), child);
      result = result.children[child]!;
    }
    if (node.children.length === 0) return matmul(result.tensor, mT(outer!));
    const matrices = node.children.map((child, i) => basisOverlap(child, result.children[i]!));
    return multiModeProduct(result.tensor, [...matrices, outer]);
  }

  private checked(value: LowRank, whole: TreeState): TreeState {
    const sameTree =
      value?.kind === this.like.kind &&
      (value.kind !== "tree" ||
        JSON.stringify(value.tree) === JSON.stringify((this.like as { tree: unknown }).tree));
    if (!sameTree)
      throw new ShapeError(
        `the right-hand side must return a ${this.like.kind} decomposition like its argument`,
      );
    const result = stateOf(value, "the right-hand side");
    const lengths = (node: TreeState): string =>
      node.children.length === 0
        ? `${node.modes[0]}:${node.tensor.shape[0]}`
        : node.children.map(lengths).join(" ");
    if (lengths(result) !== lengths(whole))
      throw new ShapeError(
        `the right-hand side changes the shape: modes ${lengths(whole)} became ${lengths(result)}`,
      );
    return result;
  }
}

/** Uᴴ U' of the bases of two trees of one structure. */
function basisOverlap(a: TreeState, b: TreeState): Tensor {
  if (a.children.length === 0) return matmul(adjoint(a.tensor), b.tensor);
  const matrices = a.children.map((child, i) => basisOverlap(child, b.children[i]!));
  return overlap(conj(a.tensor), multiModeProduct(b.tensor, [...matrices, null]), a.children.length);
}
