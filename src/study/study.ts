// A study repeats a published claim at a size that fits this machine; see studies/.
import type { ChartSpec } from "../plot/chart.ts";
import type { Key } from "../random/key.ts";
import { DomainError } from "../tensor/errors.ts";
import type { Expectation } from "./expect.ts";

/** "quick": a few seconds, for the test suite; "full": minutes, close to the published size. */
export type Scale = "quick" | "full";

export type Cell = string | number | boolean;

/** What a study shows on its way to its numbers. */
export interface StudyReport {
  /** Rows of a table; the columns are the names in the first row. */
  table(rows: readonly Readonly<Record<string, Cell>>[], title?: string): void;
  plot(spec: ChartSpec): void;
  /** A sentence for the reader. */
  note(text: string): void;
}

export interface StudyContext {
  readonly key: Key;
  readonly scale: Scale;
  readonly report: StudyReport;
}

/** The numbers that a run gives, by name. */
export type Measured = Readonly<Record<string, number>>;

export interface Study<M extends Measured = Measured> {
  /** Lower-case words joined by hyphens; the name of the file in studies/. */
  readonly id: string;
  readonly paper: { readonly title: string; readonly year: number; readonly url?: string };
  /** The published claim in our words, with its number. */
  readonly claim: string;
  /** What the method is compared with, in the same run. */
  readonly baseline?: string;
  run(context: StudyContext): M | Promise<M>;
  /** Conditions on the numbers of `run`; it may measure more than it promises. */
  readonly expect: { readonly [K in keyof M]?: Expectation };
  /** Conditions on numbers that only the full scale measures, or other bounds for it. */
  readonly expectAtFullScale?: Readonly<Record<string, Expectation>>;
}

/** What is expected of a run at that scale. */
export const expectationsOf = (
  of: Study,
  scale: Scale,
): Readonly<Record<string, Expectation | undefined>> => ({
  ...of.expect,
  ...(scale === "full" && of.expectAtFullScale),
});

/**
 * Declares a study: the default export of a file in studies/. Throws DomainError for an id or a claim that will not
 * do.
 */
export function study<M extends Measured>(of: Study<M>): Study<M> {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(of.id))
    throw new DomainError(`study: the id "${of.id}" must be lower-case words joined by hyphens`);
  if (of.claim.trim() === "") throw new DomainError(`study ${of.id}: a claim is missing`);
  if (Object.keys(of.expect).length === 0) throw new DomainError(`study ${of.id}: it expects nothing`);
  return of;
}
