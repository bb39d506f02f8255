// Explicit Runge-Kutta methods as data, and the tables of the classical ones.

/** An explicit Runge-Kutta method with, where it has them, an estimate of its error and an interpolant. */
export interface ExplicitTableau {
  readonly name: string;
  readonly order: number;
  /** The error estimate shrinks like the step to this power plus one. */
  readonly errorOrder: number;
  /** Times of the stages as parts of the step. */
  readonly c: readonly number[];
  /** Row i holds the weights of the stages before i. */
  readonly a: readonly (readonly number[])[];
  readonly b: readonly number[];
  /** Weights of the stages, and of the slope at the end, in the error estimate; null where there is none. */
  readonly error: readonly number[] | null;
  /** A second estimate of lower order, which damps the first (DOP853). */
  readonly secondError?: readonly number[];
  /** Row i: coefficients of θ, θ², … in the weight of stage i (the last row: of the slope at the end). */
  readonly interpolant?: readonly (readonly number[])[];
}

/** Sources: Dormand and Prince, A family of embedded Runge-Kutta formulae (1980); Shampine, Some practical Runge-Kutta formulas (1986). */
export const DOPRI5: ExplicitTableau = {
  name: "dopri5",
  order: 5,
  errorOrder: 4,
  c: [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1],
  a: [
    [],
    [1 / 5],
    [3 / 40, 9 / 40],
    [44 / 45, -56 / 15, 32 / 9],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  ],
  b: [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
  error: [-71 / 57600, 0, 71 / 16695, -71 / 1920, 17253 / 339200, -22 / 525, 1 / 40],
  interpolant: [
    [1, -8048581381 / 2820520608, 8663915743 / 2820520608, -12715105075 / 11282082432],
    [0, 0, 0, 0],
    [0, 131558114200 / 32700410799, -68118460800 / 10900136933, 87487479700 / 32700410799],
    [0, -1754552775 / 470086768, 14199869525 / 1410260304, -10690763975 / 1880347072],
    [0, 127303824393 / 49829197408, -318862633887 / 49829197408, 701980252875 / 199316789632],
    [0, -282668133 / 205662961, 2019193451 / 616988883, -1453857185 / 822651844],
    [0, 40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423],
  ],
};

/** Source: Tsitouras, Runge-Kutta pairs of order 5(4) satisfying only the first column simplifying assumption (2011). */
export const TSIT5: ExplicitTableau = {
  name: "tsit5",
  order: 5,
  errorOrder: 4,
  c: [0, 0.161, 0.327, 0.9, 0.9800255409045097, 1],
  a: [
    [],
    [0.161],
    [-0.008480655492356989, 0.335480655492357],
    [2.8971530571054935, -6.359448489975075, 4.3622954328695815],
    [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
    [5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383],
  ],
  b: [
    0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774,
  ],
  error: [
    0.0017800110522257714,
    0.0008164344596567469,
    -0.007880878010261995,
    0.1447110071732629,
    -0.5823571654525552,
    0.45808210592918697,
    -1 / 66,
  ],
  interpolant: [
    [1, -2.763706197274826, 2.9132554618219126, -1.0530884977290216],
    [0, 0.13169999999999998, -0.2234, 0.1017],
    [0, 3.930296236894751, -5.941033872131505, 2.490627285651253],
    [0, -12.411077166933676, 30.338188630282318, -16.548102889244902],
    [0, 37.50931341651104, -88.1789048947664, 47.37952196281928],
    [0, -27.896526289197286, 65.09189467479368, -34.87065786149661],
    [0, 1.5, -4, 2.5],
  ],
};

/** Source: Bogacki and Shampine, A 3(2) pair of Runge-Kutta formulas (1989). */
export const BOSH3: ExplicitTableau = {
  name: "bosh3",
  order: 3,
  errorOrder: 2,
  c: [0, 1 / 2, 3 / 4],
  a: [[], [1 / 2], [0, 3 / 4]],
  b: [2 / 9, 1 / 3, 4 / 9],
  error: [5 / 72, -1 / 12, -1 / 9, 1 / 8],
};

/** Heun's method with Euler's inside. */
export const HEUN: ExplicitTableau = {
  name: "heun",
  order: 2,
  errorOrder: 1,
  c: [0, 1],
  a: [[], [1]],
  b: [1 / 2, 1 / 2],
  error: [-1 / 2, 1 / 2, 0],
};

/** The explicit midpoint rule with Euler's method inside. */
export const MIDPOINT: ExplicitTableau = {
  name: "midpoint",
  order: 2,
  errorOrder: 1,
  c: [0, 1 / 2],
  a: [[], [1 / 2]],
  b: [0, 1],
  error: [-1, 1, 0],
};

/** Kutta's classical method of order 4 (1901), which has no error estimate. */
export const RK4: ExplicitTableau = {
  name: "rk4",
  order: 4,
  errorOrder: 4,
  c: [0, 1 / 2, 1 / 2, 1],
  a: [[], [1 / 2], [0, 1 / 2], [0, 0, 1]],
  b: [1 / 6, 1 / 3, 1 / 3, 1 / 6],
  error: null,
};

/** Euler's method; the trapezoidal rule at its end estimates the error. */
export const EULER: ExplicitTableau = {
  name: "euler",
  order: 1,
  errorOrder: 1,
  c: [0],
  a: [[]],
  b: [1],
  error: [-1 / 2, 1 / 2],
};
