// The loss of sequences whose labels are not aligned with their steps.

import { takeAlongAxis } from "../../ops/gather.ts";
import { concat, stack } from "../../ops/join.ts";
import { checkElements } from "../../ops/known.ts";
import { moveAxis } from "../../ops/movement.ts";
import { logSumExp } from "../../ops/reduce.ts";
import { type LossOptions, reduced } from "../../optim/losses/reduction.ts";
import { checkAxis, checkCount, checkFloats, checkRank } from "../../tensor/check.ts";
import { arange, full } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { scan } from "../../transform/control/scan.ts";

export interface CtcOptions extends LossOptions {
  /** `[n]`, integers: steps of each sequence, all unless told. */
  readonly inputLengths?: Tensor;
  /** `[n]`, integers: labels of each sequence, all unless told. */
  readonly labelLengths?: Tensor;
  /** The class that stands for no label, 0 unless told. */
  readonly blank?: number;
}

/** The logarithm of what cannot be; finite, so that no difference is NaN. */
const IMPOSSIBLE = -1e30;

/**
 * Connectionist temporal classification: -log of the probability that log probabilities `[n, T, classes]` give to labels
 * `[n, S]`, over all ways to stretch them to T steps with blanks between. ∞ where there is none, as for too few steps. The
 * mean is over sequences, whatever their length. O(n T S). Throws ShapeError where shapes do not fit, DomainError for
 * labels that are no class or blank, and lengths out of range.
 *
 * Source: Graves, Fernández, Gomez and Schmidhuber (2006).
 */
export function ctc(logProbabilities: Tensor, labels: Tensor, options: CtcOptions = {}): Tensor {
  checkFloats("ctc: logProbabilities", logProbabilities);
  checkRank("ctc: logProbabilities", logProbabilities, 3);
  checkRank("ctc: labels", labels, 2);
  const [n, steps, classes] = logProbabilities.shape as [number, number, number];
  checkAxis("ctc: labels", labels, 0, n);
  const most = labels.shape[1]!;
  if (steps === 0)
    throw new ShapeError(
      `ctc: logProbabilities: at least one step was expected, got ${formatShape(logProbabilities.shape)}`,
    );
  const blank = checkCount("ctc: blank", options.blank ?? 0, 0);
  if (blank >= classes)
    throw new DomainError(`ctc: blank: one of ${classes} classes was expected, got ${blank}`);
  checkElements(labels, "ctc: labels", `an integer from 0 to ${classes - 1}`, (c) => c >= 0 && c < classes);
  const lengths = (what: string, given: Tensor | undefined, largest: number, least: number): Tensor => {
    if (!given) return full([n], largest, "int32");
    checkRank(`ctc: ${what}`, given, 1);
    checkAxis(`ctc: ${what}`, given, 0, n);
    const range = `an integer from ${least} to ${largest}`;
    checkElements(given, `ctc: ${what}`, range, (c) => c >= least && c <= largest);
    return given.astype("int32");
  };
  const inputs = lengths("inputLengths", options.inputLengths, steps, 1);
  const counts = lengths("labelLengths", options.labelLengths, most, 0);

  // Labels with blanks around: [n, 2 S + 1].
  const { dtype } = logProbabilities;
  const states = 2 * most + 1;
  const blanks = full([n, most], blank, "int32");
  const between = stack([blanks, labels.astype("int32")], 2).reshape([n, 2 * most]);
  const extended = concat([between, full([n, 1], blank, "int32")], 1);
  const emitted = takeAlongAxis(logProbabilities, extended.expandDims(1).broadcastTo([n, steps, states]), 2);
  const before = (x: Tensor, by: number): Tensor =>
    concat(
      [full([n, Math.min(by, states)], IMPOSSIBLE, dtype), x.at(":", `:${Math.max(states - by, 0)}`)],
      1,
    );
  // A blank may be left out between labels that differ.
  const place = arange(0, states, 1).astype("int32");
  const isLabel = extended.notEqual(blank);
  const differs = extended.notEqual(
    concat(
      [full([n, Math.min(2, states)], blank, "int32"), extended.at(":", `:${Math.max(states - 2, 0)}`)],
      1,
    ),
  );
  const maySkip = isLabel.where(differs, false);

  const slices = moveAxis(emitted, 1, 0);
  const start = place.less(2).where(slices.at(0), IMPOSSIBLE);
  const { carry } = scan(
    (ways: Tensor, { emission, step }: { emission: Tensor; step: Tensor }): readonly [Tensor, null] => {
      const skipped = maySkip.where(before(ways, 2), IMPOSSIBLE);
      const next = logSumExp(stack([ways, before(ways, 1), skipped], 0), { axis: 0 }).add(emission);
      return [step.less(inputs).expandDims(1).where(next, ways), null];
    },
    start,
    { emission: slices.at("1:"), step: arange(1, Math.max(steps, 1), 1).astype("int32") },
  );
  const last = counts.mul(2).expandDims(1);
  const isEnd = place
    .equal(last)
    .astype("int32")
    .add(place.equal(last.sub(1)).astype("int32"))
    .greater(0);
  const total = logSumExp(isEnd.where(carry, IMPOSSIBLE), { axis: 1 });
  const losses = total.greater(IMPOSSIBLE / 2).where(total.neg(), Number.POSITIVE_INFINITY);
  return reduced("ctc", losses, options);
}
