// How long the next step is: controllers in the language of digital filters.

import { DomainError } from "../tensor/errors.ts";

/** Chooses steps by the estimated errors of those before. */
export interface PidController {
  readonly kind: "pid";
  /** Exponents, times 1 / (order of the error), of the inverse errors of the last three steps. */
  readonly errors: readonly [number, number, number];
  /** Exponents of the inverse ratios of the last two pairs of steps. */
  readonly ratios: readonly [number, number];
  readonly safety: number;
  readonly minFactor: number;
  readonly maxFactor: number;
}

/** All steps of one length (the last is cut). */
export interface ConstantStep {
  readonly kind: "constant";
  readonly step: number;
}

export type Controller = PidController | ConstantStep;

export interface PidOptions {
  /** Gains of the proportional, integral and derivative part: 0, 1 and 0 unless told. */
  readonly proportional?: number;
  readonly integral?: number;
  readonly derivative?: number;
  /** In place of gains: the exponents of a digital filter, such as one of `stepFilters`. */
  readonly filter?: StepFilter;
  /** Steps are this part of what the error estimate would allow: 0.9 unless told. */
  readonly safety?: number;
  /** Steps shrink and grow by no more than these factors: 0.2 and 10 unless told. */
  readonly minFactor?: number;
  readonly maxFactor?: number;
}

/** Exponents of inverse errors and of inverse step ratios. */
export interface StepFilter {
  readonly errors: readonly [number, number, number];
  readonly ratios: readonly [number, number];
}

/**
 * Filters of Söderlind's tables, named by their dynamic order, adaptivity and smoothness: the plain `I`, proportional
 * ones (`PI3333`, `PI3040`, `PI4020`) and smoothing ones.
 */
export const stepFilters: {
  readonly I: StepFilter;
  readonly PI3333: StepFilter;
  readonly PI3040: StepFilter;
  readonly PI4020: StepFilter;
  readonly H211PI: StepFilter;
  readonly H211b: StepFilter;
  readonly H312PID: StepFilter;
  readonly H312b: StepFilter;
} = {
  I: { errors: [1, 0, 0], ratios: [0, 0] },
  PI3333: { errors: [2 / 3, -1 / 3, 0], ratios: [0, 0] },
  PI3040: { errors: [0.7, -0.4, 0], ratios: [0, 0] },
  PI4020: { errors: [0.6, -0.2, 0], ratios: [0, 0] },
  H211PI: { errors: [1 / 6, 1 / 6, 0], ratios: [0, 0] },
  H211b: { errors: [1 / 4, 1 / 4, 0], ratios: [1 / 4, 0] },
  H312PID: { errors: [1 / 18, 1 / 9, 1 / 18], ratios: [0, 0] },
  H312b: { errors: [1 / 8, 1 / 4, 1 / 8], ratios: [3 / 8, 1 / 8] },
};

/**
 * A controller of the error per step. With gains P, I, D and k the order of the error, a step is followed by one of
 * safety·e₀^(-(P+I+D)/k)·e₁^((P+2D)/k)·e₂^(-D/k) times its length, where e₀ is its error in units of the tolerance and e₁,
 * e₂ those before. Rejected steps are repeated with safety·e₀^(-1/k) of their length. Throws DomainError for factors
 * out of range.
 *
 * Source: Söderlind, Digital filters in adaptive time-stepping (2003).
 */
export function pid(options: PidOptions = {}): PidController {
  const {
    proportional = 0,
    integral = 1,
    derivative = 0,
    safety = 0.9,
    minFactor = 0.2,
    maxFactor = 10,
  } = options;
  const filter = options.filter ?? {
    errors: [proportional + integral + derivative, -(proportional + 2 * derivative), derivative],
    ratios: [0, 0],
  };
  for (const value of [...filter.errors, ...filter.ratios])
    if (!Number.isFinite(value)) throw new DomainError(`pid: finite gains were expected, got ${value}`);
  if (!(filter.errors[0] > 0))
    throw new DomainError(`pid: the exponent of the last error must be positive, got ${filter.errors[0]}`);
  if (!(safety > 0 && safety <= 1))
    throw new DomainError(`pid: safety in (0, 1] was expected, got ${safety}`);
  if (!(minFactor > 0 && minFactor < 1))
    throw new DomainError(`pid: minFactor in (0, 1) was expected, got ${minFactor}`);
  if (!(maxFactor > 1)) throw new DomainError(`pid: maxFactor > 1 was expected, got ${maxFactor}`);
  return { kind: "pid", errors: filter.errors, ratios: filter.ratios, safety, minFactor, maxFactor };
}

/** Steps of one length, for methods without an error estimate or to measure orders. Throws DomainError unless it is positive. */
export function constantStep(step: number): ConstantStep {
  if (!(step > 0 && Number.isFinite(step)))
    throw new DomainError(`constantStep: a positive step was expected, got ${step}`);
  return { kind: "constant", step };
}

/** Errors below this count as it: a step without any error may not make the next one endless. */
export const LEAST_ERROR = 1e-10;

/** The errors and steps that a controller remembers, and what it makes of them. */
export class StepMemory {
  readonly #controller: PidController;
  readonly #order: number;
  #errors: [number, number] = [1, 1];
  #steps: [number, number] = [0, 0];
  #rejected = false;

  /** `order` is the power of the step that the error is proportional to. */
  constructor(controller: PidController, order: number) {
    this.#controller = controller;
    this.#order = order;
  }

  /** The factor for the step after one that is accepted. */
  accept(error: number, step: number): number {
    const { errors, ratios, safety, minFactor, maxFactor } = this.#controller;
    const k = this.#order;
    const e0 = Math.max(error, LEAST_ERROR);
    const [e1, e2] = this.#errors;
    const [h1, h2] = this.#steps;
    let factor = safety * e0 ** (-errors[0] / k);
    if (errors[1] !== 0) factor *= e1 ** (-errors[1] / k);
    if (errors[2] !== 0) factor *= e2 ** (-errors[2] / k);
    if (ratios[0] !== 0 && h1 > 0) factor *= (step / h1) ** -ratios[0];
    if (ratios[1] !== 0 && h2 > 0) factor *= (h1 / h2) ** -ratios[1];
    this.#errors = [e0, e1];
    this.#steps = [step, h1];
    const most = this.#rejected ? 1 : maxFactor;
    this.#rejected = false;
    return Math.min(most, Math.max(minFactor, factor));
  }

  /** The factor for the step in place of one that is rejected; an error that is no number shrinks most. */
  reject(error: number): number {
    const { safety, minFactor } = this.#controller;
    this.#rejected = true;
    if (!Number.isFinite(error)) return minFactor;
    return Math.min(1, Math.max(minFactor, safety * error ** (-1 / this.#order)));
  }
}
