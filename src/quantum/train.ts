// Training of wavefunctions: towards the ground state of a Hamiltonian, and towards a state that is known.

import { jit } from "../compiler/jit.ts";
import { cos, exp } from "../ops/transcendental.ts";
import { adam } from "../optim/first/adam.ts";
import { cosineDecay } from "../optim/schedules/decay.ts";
import { foldIn, type Key } from "../random/key.ts";
import { checkCount, checkPositive } from "../tensor/check.ts";
import { fromTypedArray } from "../tensor/create.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../tensor/progress.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { TrainingOptimizer } from "../train/options.ts";
import type { Ansatz } from "./antn.ts";
import { allConfigurations, LocalHamiltonian } from "./hamiltonian.ts";
import { type ReconfigurationOptions, reconfigurationStep } from "./reconfiguration.ts";

export interface StateTrainingOptions<P> extends IterationOptions {
  /** 200 unless told. */
  readonly steps?: number;
  /** Adam at 1e-2 with a cosine decay unless told. */
  readonly optimizer?: TrainingOptimizer;
  /** Where to start; `init` of the ansatz unless told. */
  readonly params?: P;
}

export interface VmcOptions<P> extends StateTrainingOptions<P> {
  /** Exact samples for each step, 256 unless told; or "all", the sum over every configuration, without noise. */
  readonly samples?: number | "all";
  /**
   * Steps of stochastic reconfiguration, natural gradients, in place of `optimizer`. For a number of samples; dearer by a system of
   * that size, and worth it wherever more than some tens of steps are needed.
   */
  readonly reconfiguration?: ReconfigurationOptions;
}

export interface VmcResult<P> {
  readonly params: P;
  /** Of the last step: exact with "all", else the mean of the local energies. */
  readonly energy: number;
  /** Standard deviation of that mean; 0 with "all". */
  readonly deviation: number;
  /** Energy before each step. */
  readonly history: readonly number[];
  readonly iterations: number;
}

export interface LearnStateResult<P> {
  readonly params: P;
  /** 1 - ⟨target, ψ⟩². */
  readonly infidelity: number;
  /** Infidelity before each step. */
  readonly history: readonly number[];
  readonly iterations: number;
}

/** Sums over more configurations than this are refused. */
const MOST_CONFIGURATIONS = 2 ** 16;
/** Configurations whose amplitudes are computed in one call, so that it is compiled once. */
const BATCH = 1024;

interface Loop<P, B> {
  /** What a step needs, and the number for the history; null where the update gives that number. */
  readonly batch: (params: P, step: number) => { readonly batch: B; readonly value: number | null };
  readonly update: Update<P, B>;
}

type Update<P, B> = (
  params: P,
  batch: B,
  step: number,
) => { readonly params: P; readonly value: number | null };

/** Steps of an optimizer along gradients of a loss. */
function gradientUpdate<P, B>(
  loss: (params: P, batch: B) => Tensor,
  start: P,
  { steps = 200, optimizer }: StateTrainingOptions<P>,
): Update<P, B> {
  const method = (optimizer ??
    adam<P, B>({ learningRate: cosineDecay({ from: 1e-2, steps }) })) as unknown as ReturnType<
    typeof adam<P, B>
  >;
  let state = method.init(start);
  const step = jit((params: P, s: typeof state, batch: B) => method.step({ params, state: s, loss, batch }));
  return (params, batch) => {
    const next = step(params, state, batch);
    state = next.state;
    return { params: next.params, value: next.value.item() };
  };
}

/** Steps of stochastic reconfiguration, their length falling along half a cosine. */
function naturalUpdate<P>(
  ansatz: Ansatz<P>,
  options: ReconfigurationOptions,
  steps: number,
): Update<P, { readonly x: Tensor; readonly weights: Tensor }> {
  const rate = checkPositive("vmc: reconfiguration.learningRate", options.learningRate ?? 0.3);
  const step = reconfigurationStep(ansatz, options);
  return (params, { x, weights }, i) => ({
    params: step(params, x, weights.mul(x.shape[0]!), (rate / 2) * (1 + Math.cos((Math.PI * i) / steps))),
    value: null,
  });
}

function train<P, B>(
  name: string,
  start: P,
  loop: Loop<P, B>,
  { steps = 200, onProgress, signal }: StateTrainingOptions<P>,
): { readonly params: P; readonly history: readonly number[] } {
  let params = start;
  const history: number[] = [];
  for (let i = 0; i < steps; i++) {
    checkAborted(signal, name);
    const { batch, value } = loop.batch(params, i);
    const next = loop.update(params, batch, i);
    const energy = value ?? next.value ?? Number.NaN;
    if (!Number.isFinite(energy))
      throw new DomainError(`${name}: step ${i} gave ${energy}; a smaller learning rate may help`);
    history.push(energy);
    params = next.params;
    onProgress?.({ fraction: (i + 1) / steps, stage: `${name} step ${i + 1}: ${energy.toFixed(6)}` });
  }
  return { params, history };
}

/** All configurations as a tensor `[d^n, n]`. Throws DomainError where there are too many. */
function everyConfiguration(
  name: string,
  { sites, localDim }: Pick<Ansatz<unknown>, "sites" | "localDim">,
): Tensor {
  const count = localDim ** sites;
  if (count > MOST_CONFIGURATIONS)
    throw new DomainError(
      `${name}: at most ${MOST_CONFIGURATIONS} configurations were expected for a sum over all, got ${localDim}^${sites}`,
    );
  return fromTypedArray(Int32Array.from(allConfigurations(sites, localDim)), [count, sites], "int32");
}

/** The real state vector on given configurations, √q with signs. */
function vector<P>(ansatz: Ansatz<P>, params: P, x: Tensor): Tensor {
  const { logAbs, phase } = ansatz.amplitude(params, x);
  return exp(logAbs).mul(cos(phase));
}

/** The normalised state vector `[d^sites]` of an ansatz. Throws DomainError for more than 2^16 configurations. */
export const stateVector = <P>(ansatz: Ansatz<P>, params: P): Tensor =>
  vector(ansatz, params, everyConfiguration("stateVector", ansatz));

/**
 * Local energies Σ_x' H[x, x'] ψ(x') / ψ(x) of configurations x `[B, sites]`, `[B]`. Amplitudes of configurations that come up
 * repeatedly are computed once. `amplitude` may be a compiled one; it is called with 1024 configurations at a time.
 */
export function localEnergies(
  hamiltonian: LocalHamiltonian,
  amplitude: (x: Tensor) => { readonly logAbs: Tensor; readonly phase: Tensor },
  x: Tensor,
): Float64Array {
  const n = hamiltonian.sites;
  if (x.ndim !== 2 || x.shape[1] !== n)
    throw new ShapeError(`localEnergies: x: shape [B, ${n}] was expected, got ${formatShape(x.shape)}`);
  const { configurations, values, starts } = hamiltonian.connected(Uint8Array.from(x.data() as Int32Array));
  const places = new Map<string, number>();
  const own = new Int32Array(values.length);
  const distinct: number[] = [];
  for (let e = 0; e < values.length; e++) {
    const part = configurations.subarray(e * n, (e + 1) * n);
    const text = String.fromCharCode(...part);
    let place = places.get(text);
    if (place === undefined) {
      place = places.size;
      places.set(text, place);
      for (let s = 0; s < n; s++) distinct.push(part[s]!);
    }
    own[e] = place;
  }
  const logs = new Float64Array(places.size);
  const signs = new Float64Array(places.size);
  for (let first = 0; first < places.size; first += BATCH) {
    const count = Math.min(BATCH, places.size - first);
    const rows = new Int32Array(BATCH * n);
    // A short last batch is filled with its first configuration.
    for (let i = 0; i < BATCH; i++)
      for (let s = 0; s < n; s++) rows[i * n + s] = distinct[(first + (i < count ? i : 0)) * n + s]!;
    const { logAbs, phase } = amplitude(fromTypedArray(rows, [BATCH, n], "int32"));
    const [log, angle] = [logAbs.data(), phase.data()];
    for (let i = 0; i < count; i++) {
      logs[first + i] = log[i]!;
      signs[first + i] = Math.cos(angle[i]!);
    }
  }
  const out = new Float64Array(x.shape[0]!);
  for (let i = 0; i < out.length; i++) {
    // The first entry of a row is its diagonal.
    const at = own[starts[i]!]!;
    let sum = 0;
    for (let e = starts[i]!; e < starts[i + 1]!; e++)
      sum += values[e]! * Math.exp(logs[own[e]!]! - logs[at]!) * signs[own[e]!]! * signs[at]!;
    out[i] = sum;
  }
  return out;
}

/**
 * Variational Monte Carlo: the parameters of an ansatz for which the energy ⟨ψ, H ψ⟩ is small. The gradient is the mean of
 * (E_loc - E) ∇ log q over exact samples; with `samples: "all"` the energy is summed over all configurations and differentiated.
 * O(samples · connections) amplitudes for each step. Signs of a state have no gradient in its probabilities: start where most of
 * them are right (`turned` of `heisenbergJ1J2`, or cores of `dmrg`).
 *
 * Throws DomainError for a Hamiltonian that is not of this kind or of another size, options out of range; AbortedError.
 */
export function vmc<P>(
  key: Key,
  ansatz: Ansatz<P>,
  hamiltonian: LocalHamiltonian,
  options: VmcOptions<P> = {},
): VmcResult<P> {
  if (!(hamiltonian instanceof LocalHamiltonian))
    throw new DomainError("vmc: hamiltonian: a LocalHamiltonian, whose terms are Hermitian, was expected");
  if (hamiltonian.sites !== ansatz.sites || hamiltonian.localDim !== ansatz.localDim)
    throw new DomainError(
      `vmc: hamiltonian: ${ansatz.sites} sites of ${ansatz.localDim} values were expected, as in the ansatz, got ${hamiltonian.sites} of ${hamiltonian.localDim}`,
    );
  const { samples = 256 } = options;
  checkCount("vmc: steps", options.steps ?? 200);
  const start = options.params ?? ansatz.init(foldIn(key, 0));
  if (samples === "all") {
    const x = everyConfiguration("vmc", ansatz);
    const matrix = hamiltonian.toSparse();
    const energyOf = (params: P): Tensor => {
      const psi = vector(ansatz, params, x);
      return psi.mul(matrix.matmul(psi)).sum().div(psi.square().sum());
    };
    const { params, history } = train<P, null>(
      "vmc",
      start,
      {
        update: gradientUpdate<P, null>(energyOf, start, options),
        batch: () => ({ batch: null, value: null }),
      },
      options,
    );
    return { params, energy: energyOf(params).item(), deviation: 0, history, iterations: history.length };
  }
  checkCount("vmc: samples", samples, 2);
  const draw = jit((from: Key, params: P) => ansatz.sample(from, params, samples));
  const amplitude = jit((params: P, x: Tensor) => ansatz.amplitude(params, x));
  type Batch = { readonly x: Tensor; readonly weights: Tensor };
  const estimate = (
    params: P,
    from: Key,
  ): { readonly batch: Batch; readonly value: number; readonly deviation: number } => {
    const x = draw(from, params);
    const energies = localEnergies(hamiltonian, (y) => amplitude(params, y), x);
    const value = energies.reduce((sum, e) => sum + e, 0) / samples;
    const variance = energies.reduce((sum, e) => sum + (e - value) ** 2, 0) / (samples - 1);
    const weights = energies.map((e) => (e - value) / samples);
    return {
      batch: { x, weights: fromTypedArray(weights, [samples], "float64") },
      value,
      deviation: Math.sqrt(variance / samples),
    };
  };
  const batch = (p: P, i: number): ReturnType<typeof estimate> => estimate(p, foldIn(key, i + 1));
  const loss = (p: P, { x, weights }: Batch): Tensor => ansatz.logProb(p, x).mul(weights).sum();
  const { params, history } = train<P, Batch>(
    "vmc",
    start,
    options.reconfiguration
      ? { batch, update: naturalUpdate(ansatz, options.reconfiguration, options.steps ?? 200) }
      : { batch, update: gradientUpdate(loss, start, options) },
    options,
  );
  const last = estimate(params, foldIn(key, history.length + 1));
  return { params, energy: last.value, deviation: last.deviation, history, iterations: history.length };
}

/**
 * The parameters of an ansatz for which its state is like a real state that is given, `[d^sites]` of any length: 1 - ⟨target, ψ⟩²
 * summed over all configurations becomes small.
 *
 * Throws ShapeError for a target of another size, DomainError for one that is zero or not finite, DTypeError for a complex one;
 * AbortedError.
 */
export function learnState<P>(
  key: Key,
  ansatz: Ansatz<P>,
  target: Tensor,
  options: StateTrainingOptions<P> = {},
): LearnStateResult<P> {
  if (!(target instanceof Tensor))
    throw new DTypeError(`learnState: target: a tensor was expected, got ${typeof target}`);
  if (target.dtype.startsWith("complex"))
    throw new DTypeError(`learnState: target: a real state was expected, got ${target.dtype}`);
  const size = ansatz.localDim ** ansatz.sites;
  if (target.ndim !== 1 || target.size !== size)
    throw new ShapeError(
      `learnState: target: shape [${size}] was expected, got ${formatShape(target.shape)}`,
    );
  const length = target.square().sum().sqrt().item();
  if (!(length > 0 && Number.isFinite(length)))
    throw new DomainError(
      `learnState: target: a finite state that is not zero was expected, got one of length ${length}`,
    );
  checkCount("learnState: steps", options.steps ?? 200);
  const x = everyConfiguration("learnState", ansatz);
  const unit = target.astype("float64").div(length);
  const infidelity = (params: P): Tensor => {
    const overlap = vector(ansatz, params, x).mul(unit).sum();
    return overlap.square().neg().add(1);
  };
  const start = options.params ?? ansatz.init(foldIn(key, 0));
  const { params, history } = train<P, null>(
    "learnState",
    start,
    {
      update: gradientUpdate<P, null>(infidelity, start, options),
      batch: () => ({ batch: null, value: null }),
    },
    options,
  );
  return { params, infidelity: infidelity(params).item(), history, iterations: history.length };
}
