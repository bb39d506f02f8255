// Every rule gives expressions with the same values, by the interpreter.

import fc from "fast-check";
import type { Tensor } from "polyadic";
import { type Expression, fingerprint, formatExpression, interpret, read } from "polyadic/compiler";
import { describe, expect, test } from "vitest";
import { runPlan } from "../../../src/compiler/derive/kernel.ts";
import { transformLayouts } from "../../../src/compiler/derive/rules/layout.ts";
import { magnifyRanges, relaxRanges } from "../../../src/compiler/derive/rules/ranges.ts";
import { mergeScopes, splitScopes } from "../../../src/compiler/derive/rules/scopes.ts";
import {
  mergeVariables,
  splitVariables,
  substituteVariables,
} from "../../../src/compiler/derive/rules/variables.ts";
import { lowerDirectly, normalize } from "../../../src/compiler/derive/search.ts";
import { sample } from "./randomExpressions.ts";

const RULES: Readonly<Record<string, (expression: Expression) => Expression[]>> = {
  splitVariables: (e) => splitVariables(e),
  mergeVariables,
  substituteVariables,
  splitScopes,
  mergeScopes,
  relaxRanges,
  magnifyRanges,
  transformLayouts,
};

function sameValues(actual: Tensor, expected: Tensor, context: () => string): void {
  const a = actual.toTypedArray();
  const b = expected.toTypedArray();
  expect(actual.shape).toEqual(expected.shape);
  for (let i = 0; i < b.length; i++)
    if (a[i] !== b[i] && Number(a[i]) !== Number(b[i]))
      throw new Error(`element ${i}: ${a[i]} instead of ${b[i]}\n${context()}`);
}

/** All sums outside of a scope that has none: what merging scopes undoes. */
function withoutInnerSums({ scope, shape }: Expression): Expression {
  const { loops, sums, body } = scope;
  const inner: Scope = { kind: "scope", loops: [...loops, ...sums].map((v) => ({ ...v })), sums: [], body };
  const names = [...loops, ...sums].map(({ name }) => name);
  return { scope: { ...scope, body: read({ scope: inner, shape: [] }, ...names) }, shape };
}

/** Results of a rule that are not wanted all: enough to see each kind. */
const some = <T>(list: readonly T[], seed: number): T[] =>
  list.length <= 3 ? [...list] : [0, 1, 2].map((i) => list[(seed + i * 7) % list.length]!);

describe.each(Object.entries(RULES))("%s", (name, rule) => {
  test("keeps the values of random expressions, at the root and inside", () => {
    let applied = 0;
    fc.assert(
      fc.property(sample, fc.nat(1000), ({ expression: given, operands }, seed) => {
        const expected = interpret(given, operands);
        // On its own, with an inner scope, after a substitution, and after a split.
        const nested = some(splitScopes(given), seed).slice(0, 1);
        const starts = [
          given,
          ...nested,
          ...nested.flatMap((e) => some(substituteVariables(e), seed).slice(0, 1)),
          ...some(splitVariables(given), seed).slice(0, 1),
          withoutInnerSums(given),
          ...nested.flatMap((e) => some(splitVariables(e), seed).slice(0, 1)),
        ];
        for (const start of starts)
          for (const result of some(rule(start), seed)) {
            applied++;
            const value = interpret(result, operands).reshape(expected.shape);
            sameValues(value, expected, () => `${formatExpression(start)}\n${formatExpression(result)}`);
          }
      }),
      { numRuns: name === "magnifyRanges" ? 400 : 150 },
    );
    expect(applied).toBeGreaterThan(10);
  });
});

test("chains of rules keep the values, and so do normal forms and programs", () => {
  const list = Object.values(RULES);
  fc.assert(
    fc.property(
      sample,
      fc.array(fc.tuple(fc.nat(list.length - 1), fc.nat(50)), { maxLength: 6 }),
      ({ expression, operands }, choices) => {
        const expected = interpret(expression, operands);
        let current = expression;
        for (const [which, at] of choices) {
          const results = list[which]!(current);
          if (results.length > 0) current = results[at % results.length]!;
        }
        const context = (): string => `${formatExpression(expression)}\n${formatExpression(current)}`;
        sameValues(interpret(current, operands).reshape(expected.shape), expected, context);
        const normal = normalize(current);
        sameValues(interpret(normal, operands).reshape(expected.shape), expected, context);
        sameValues(runPlan(lowerDirectly(normal), operands), expected, context);
      },
    ),
    { numRuns: 250 },
  );
});

test("texts do not change with names, with the order of sums or inner loops, or of operands that commute", () => {
  fc.assert(
    fc.property(sample, fc.nat(1000), ({ expression }, seed) => {
      for (const start of [expression, ...some(splitScopes(expression), seed)])
        expect(fingerprint(scrambled(start, seed))).toBe(fingerprint(start));
    }),
    { numRuns: 200 },
  );
});

test("expressions with one text have the same values", () => {
  const seen = new Map<string, number[]>();
  let met = 0;
  fc.assert(
    fc.property(sample, ({ expression }) => {
      const { operands } = fixed;
      for (const e of [expression, ...splitScopes(expression), ...splitVariables(expression)]) {
        const values = Array.from(interpret(e, operands).toTypedArray(), Number);
        const known = seen.get(fingerprint(e));
        if (known) {
          met++;
          expect(values).toEqual(known);
        } else seen.set(fingerprint(e), values);
      }
    }),
    { numRuns: 200 },
  );
  expect(met).toBeGreaterThan(10);
});

const fixed = fc.sample(sample, { numRuns: 1, seed: 1 })[0]!;

type Scope = Expression["scope"];
type Body = Scope["body"];

/** The same expression in another notation. */
function scrambled({ scope, shape }: Expression, seed: number): Expression {
  const turn = <T>(list: readonly T[]): T[] =>
    list.length < 2 ? [...list] : [...list.slice(seed % list.length), ...list.slice(0, seed % list.length)];
  const rename = (name: string): string => `v${(seed % 7) + 1}_${name}`;
  const visitBody = (body: Body): Body => {
    if (body.kind === "constant") return body;
    if (body.kind === "apply") {
      const args = body.args.map(visitBody);
      return { ...body, args: ["mul", "add", "max"].includes(body.operation) ? args.reverse() : args };
    }
    const index = body.index.map((at) => ({
      ...at,
      terms: new Map([...at.terms].reverse().map(([name, c]) => [rename(name), c])),
    }));
    if (body.source.kind === "input") return { ...body, index };
    return { ...body, source: visit(body.source, true), index: turn(index) };
  };
  const visit = (of: Scope, isInner: boolean): Scope => {
    const renamed = (list: Scope["loops"]) => list.map((v) => ({ ...v, name: rename(v.name) }));
    return {
      ...of,
      loops: isInner ? turn(renamed(of.loops)) : renamed(of.loops),
      sums: turn(renamed(of.sums)).reverse(),
      body: visitBody(of.body),
    };
  };
  return { scope: visit(scope, false), shape };
}
