// Attaches the common operations to Tensor as methods.

import { Tensor } from "../tensor/tensor.ts";
import * as arithmetic from "./arithmetic.ts";
import { astype } from "./cast.ts";
import * as comparison from "./comparison.ts";
import { conj, imag, real } from "./complex.ts";
import { matmul } from "./contract.ts";
import { cumsum } from "./cumulative.ts";
import { at, set } from "./indexing.ts";
import * as movement from "./movement.ts";
import * as reduce from "./reduce.ts";
import { cos, exp, log, sin, tanh } from "./transcendental.ts";

const { add, sub, mul, div, pow, maximum, minimum, neg, abs, sqrt, square } = arithmetic;
const { equal, notEqual, less, lessEqual, greater, greaterEqual, where } = comparison;
const { reshape, ravel, transpose, mT, broadcastTo, squeeze, expandDims, flip } = movement;
const { sum, prod, mean, variance, max, min, any, all, argmax, argmin } = reduce;

type Operation = (x: Tensor, ...rest: never[]) => Tensor;

const operations: Readonly<Record<string, Operation>> = {
  ...{ add, sub, mul, div, pow, maximum, minimum, neg, abs, sqrt, square },
  ...{ equal, notEqual, less, lessEqual, greater, greaterEqual, where },
  ...{ exp, log, sin, cos, tanh, conj, real, imag },
  ...{ sum, prod, mean, variance, max, min, any, all, argmax, argmin, cumsum },
  ...{ reshape, ravel, transpose, mT, broadcastTo, squeeze, expandDims, flip },
  ...{ astype, at, set, matmul },
};

for (const [name, operation] of Object.entries(operations))
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: never[]): Tensor {
      return operation(this, ...rest);
    },
  });
