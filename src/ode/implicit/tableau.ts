// Diagonally implicit Runge-Kutta methods as data, alone or together with explicit ones.

/** Weights of stages for the implicit part of a right-hand side and, where there is one, for the explicit part. */
export interface AdditiveTableau {
  readonly name: string;
  readonly order: number;
  /** The error estimate shrinks like the step to this power plus one. */
  readonly errorOrder: number;
  readonly c: readonly number[];
  /** Row i holds the weights of the stages up to i; a zero on the diagonal makes a stage explicit. */
  readonly implicit: readonly (readonly number[])[];
  readonly explicit: readonly (readonly number[])[] | null;
  readonly b: readonly number[];
  readonly explicitB: readonly number[];
  /** Weights of the error estimate, of both parts; null where there is none. */
  readonly error: readonly number[] | null;
}

const minus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, i) => value - b[i]!);

const SDIRK4_B = [25 / 24, -49 / 48, 125 / 16, -85 / 12, 1 / 4];

/** Source: Hairer and Wanner, Solving Ordinary Differential Equations II (1996), table IV.6.5. */
export const SDIRK4: AdditiveTableau = {
  name: "sdirk4",
  order: 4,
  errorOrder: 3,
  c: [1 / 4, 3 / 4, 11 / 20, 1 / 2, 1],
  implicit: [
    [1 / 4],
    [1 / 2, 1 / 4],
    [17 / 50, -1 / 25, 1 / 4],
    [371 / 1360, -137 / 2720, 15 / 544, 1 / 4],
    SDIRK4_B,
  ],
  explicit: null,
  b: SDIRK4_B,
  explicitB: SDIRK4_B,
  error: minus(SDIRK4_B, [59 / 48, -17 / 96, 225 / 32, -85 / 12, 0]),
};

const ARK4_B = [82889 / 524892, 0, 15625 / 83664, 69875 / 102672, -2260 / 8211, 1 / 4];
const ARK4_IMPLICIT = [
  [0],
  [1 / 4, 1 / 4],
  [8611 / 62500, -1743 / 31250, 1 / 4],
  [5012029 / 34652500, -654441 / 2922500, 174375 / 388108, 1 / 4],
  [15267082809 / 155376265600, -71443401 / 120774400, 730878875 / 902184768, 2285395 / 8070912, 1 / 4],
  ARK4_B,
];
const ARK4_ERROR = minus(ARK4_B, [
  4586570599 / 29645900160,
  0,
  178811875 / 945068544,
  814220225 / 1159782912,
  -3700637 / 11593932,
  61727 / 225920,
]);

/** Source: Kennedy and Carpenter, Additive Runge-Kutta schemes for convection-diffusion-reaction equations (2003), ARK4(3)6L[2]SA. */
export const ARK4: AdditiveTableau = {
  name: "ark4",
  order: 4,
  errorOrder: 3,
  c: [0, 1 / 2, 83 / 250, 31 / 50, 17 / 20, 1],
  implicit: ARK4_IMPLICIT,
  explicit: [
    [],
    [1 / 2],
    [13861 / 62500, 6889 / 62500],
    [-116923316275 / 2393684061468, -2731218467317 / 15368042101831, 9408046702089 / 11113171139209],
    [
      -451086348788 / 2902428689909,
      -2682348792572 / 7519795681897,
      12662868775082 / 11960479115383,
      3355817975965 / 11060851509271,
    ],
    [
      647845179188 / 3216320057751,
      73281519250 / 8382639484533,
      552539513391 / 3454668386233,
      3354512671639 / 8306763924573,
      4040 / 17871,
    ],
  ],
  b: ARK4_B,
  explicitB: ARK4_B,
  error: ARK4_ERROR,
};

/** The implicit half of the pair above, a stiffly accurate method with an explicit first stage. */
export const ESDIRK4: AdditiveTableau = { ...ARK4, name: "esdirk4", explicit: null };

const ARS_GAMMA = 1 - Math.SQRT1_2;
const ARS_DELTA = 1 - 1 / (2 * ARS_GAMMA);

/** Source: Ascher, Ruuth and Spiteri, Implicit-explicit Runge-Kutta methods for time-dependent PDEs (1997), section 2.6. */
export const ARS222: AdditiveTableau = {
  name: "ars222",
  order: 2,
  errorOrder: 2,
  c: [0, ARS_GAMMA, 1],
  implicit: [[0], [0, ARS_GAMMA], [0, 1 - ARS_GAMMA, ARS_GAMMA]],
  explicit: [[], [ARS_GAMMA], [ARS_DELTA, 1 - ARS_DELTA]],
  b: [0, 1 - ARS_GAMMA, ARS_GAMMA],
  explicitB: [ARS_DELTA, 1 - ARS_DELTA, 0],
  error: null,
};

/** As above, section 2.8. */
export const ARS443: AdditiveTableau = {
  name: "ars443",
  order: 3,
  errorOrder: 3,
  c: [0, 1 / 2, 2 / 3, 1 / 2, 1],
  implicit: [[0], [0, 1 / 2], [0, 1 / 6, 1 / 2], [0, -1 / 2, 1 / 2, 1 / 2], [0, 3 / 2, -3 / 2, 1 / 2, 1 / 2]],
  explicit: [[], [1 / 2], [11 / 18, 1 / 18], [5 / 6, -5 / 6, 1 / 2], [1 / 4, 7 / 4, 3 / 4, -7 / 4]],
  b: [0, 3 / 2, -3 / 2, 1 / 2, 1 / 2],
  explicitB: [1 / 4, 7 / 4, 3 / 4, -7 / 4, 0],
  error: null,
};
