// Multinomial logistic regression: the linear classifier of rows of features.

import { matmul } from "../../ops/contract.ts";
import { softmaxCrossEntropy } from "../../optim/losses/softmaxCrossEntropy.ts";
import { minimize } from "../../optim/minimize/minimize.ts";
import { checkRank, checkTensor } from "../../tensor/check.ts";
import { fromTypedArray, zeros } from "../../tensor/create.ts";
import { isFloat, isInteger } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

export interface SoftmaxRegressionOptions {
  /** Inverse strength of the penalty ½‖W‖² (not of the intercepts) against the sum of losses, 1 unless told. */
  readonly c?: number;
  /** Features are brought to mean 0 and variance 1 first, unless told. */
  readonly standardize?: boolean;
  /** Classes, one more than the largest label unless told. */
  readonly classes?: number;
  /** Largest element of the gradient at which to stop, 1e-5 unless told. */
  readonly gtol?: number;
}

export interface SoftmaxRegression {
  /** Scores `[m, classes]` of rows `[m, p]`. */
  scores(x: Tensor): Tensor;
  /** The class of each row, int32 `[m]`. */
  predict(x: Tensor): Tensor;
  /** `[p, classes]`, of the standardised features. */
  readonly weight: Tensor;
  /** `[classes]` */
  readonly bias: Tensor;
  readonly converged: boolean;
  readonly iterations: number;
}

/**
 * Fits class probabilities softmax(x W + b) to labels by L-BFGS on the sum of the cross entropies plus ‖W‖²/(2c); the
 * minimum is unique up to a shift of b. A feature that is constant has no influence. O(n p classes) an iteration.
 *
 * @throws ShapeError unless x is `[n, p]` and labels `[n]`; DTypeError for labels that are no integers; DomainError for
 * features that are not finite, negative labels, fewer than two classes, c that is not positive.
 */
export function softmaxRegression(
  x: Tensor,
  labels: Tensor,
  options: SoftmaxRegressionOptions = {},
): SoftmaxRegression {
  const { c = 1, standardize = true, gtol = 1e-5 } = options;
  checkRank("softmaxRegression: x", x, 2);
  const [n, p] = x.shape as [number, number];
  const given = checkLabels(labels, n);
  const classes = options.classes ?? Math.max(...given) + 1;
  if (!(Number.isInteger(classes) && classes > Math.max(...given) && classes >= 2))
    throw new DomainError(
      `softmaxRegression: classes: an integer above the largest label ${Math.max(...given)} and of at least 2 was expected, got ${classes}`,
    );
  if (!(c > 0)) throw new DomainError(`softmaxRegression: c: a positive number was expected, got ${c}`);
  const features = finiteRows(x);
  const center = standardize ? features.mean({ axis: 0 }) : zeros([p]);
  const spread = standardize ? features.sub(center).square().mean({ axis: 0 }).sqrt() : zeros([p]).add(1);
  // Rounding leaves constant features a little spread, which must not be blown up.
  const isFlat = spread.lessEqual(center.abs().mul(1e-12)).astype("float64");
  const scale = isFlat.neg().add(1).div(spread.add(isFlat));
  const prepare = (rows: Tensor): Tensor => rows.astype("float64").sub(center).mul(scale);
  const rows = prepare(features);
  const target = fromTypedArray(given, [n], "int32");
  const start = { weight: zeros([p, classes]), bias: zeros([classes]) };
  const { x: found, ...end } = minimize(
    ({ weight, bias }: typeof start): Tensor =>
      softmaxCrossEntropy(matmul(rows, weight).add(bias), target, { reduction: "sum" }).add(
        weight
          .square()
          .sum()
          .mul(1 / (2 * c)),
      ),
    start,
    { method: "lbfgs", gtol, maxIterations: 1000 },
  );
  const scores = (given2: Tensor): Tensor => {
    checkRank("softmaxRegression: x", given2, 2);
    if (given2.shape[1] !== p)
      throw new ShapeError(
        `softmaxRegression: x: ${p} features were expected, got ${formatShape(given2.shape)}`,
      );
    return matmul(prepare(given2), found.weight).add(found.bias);
  };
  return {
    scores,
    predict: (given2) => scores(given2).argmax({ axis: -1 }).astype("int32"),
    weight: found.weight,
    bias: found.bias,
    converged: end.converged,
    iterations: end.iterations,
  };
}

function checkLabels(labels: Tensor, n: number): Int32Array {
  checkTensor("softmaxRegression: labels", labels);
  if (!isInteger(labels.dtype))
    throw new DTypeError(`softmaxRegression: labels: integers were expected, got ${labels.dtype}`);
  if (labels.ndim !== 1 || labels.shape[0] !== n)
    throw new ShapeError(
      `softmaxRegression: labels: shape [${n}] was expected, got ${formatShape(labels.shape)}`,
    );
  const data = Int32Array.from(labels.data());
  data.forEach((label, i) => {
    if (label < 0) throw new DomainError(`softmaxRegression: labels: label ${i} is negative: ${label}`);
  });
  if (new Set(data).size < 2) throw new DomainError("softmaxRegression: labels: all are the same class");
  return data;
}

function finiteRows(x: Tensor): Tensor {
  if (!isFloat(x.dtype) && !isInteger(x.dtype))
    throw new DTypeError(`softmaxRegression: x: real numbers were expected, got ${x.dtype}`);
  const rows = x.astype("float64");
  const bad = rows.data().findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new DomainError(
      `softmaxRegression: x: row ${Math.floor(bad / x.shape[1]!)} has a number that is not finite`,
    );
  return new Tensor(rows.toTypedArray(), x.shape, "float64");
}
