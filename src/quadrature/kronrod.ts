// The pairs of rules of Gauss and Kronrod: Kronrod's rule has the nodes of Gauss's among its own, and the difference tells the error.
// Constants of Piessens and others, QUADPACK (1983); test/quadrature checks their degrees of exactness.

export interface Pair {
  /** Nodes in [-1, 1] in ascending order, with Kronrod's weights, and Gauss's where they have any. */
  readonly nodes: Float64Array;
  readonly kronrod: Float64Array;
  readonly gauss: Float64Array;
}

/** From the nodes >= 0 in descending order; Gauss's are every second. */
function pair(nodes: readonly number[], kronrod: readonly number[], gauss: readonly number[]): Pair {
  const n = 2 * nodes.length - 1;
  const half = nodes.length - 1;
  const fold = (i: number): number => (i <= half ? i : n - 1 - i);
  return {
    nodes: Float64Array.from({ length: n }, (_, i) => (i < half ? -nodes[i]! : nodes[fold(i)]!)),
    kronrod: Float64Array.from({ length: n }, (_, i) => kronrod[fold(i)]!),
    gauss: Float64Array.from({ length: n }, (_, i) => (fold(i) % 2 === 1 ? gauss[(fold(i) - 1) / 2]! : 0)),
  };
}

export const G7K15: Pair = pair(
  [
    0.9914553711208126, 0.9491079123427585, 0.8648644233597691, 0.7415311855993945, 0.5860872354676911,
    0.4058451513773972, 0.2077849550078985, 0,
  ],
  [
    0.022935322010529224, 0.06309209262997856, 0.10479001032225019, 0.14065325971552592, 0.1690047266392679,
    0.19035057806478542, 0.20443294007529889, 0.20948214108472782,
  ],
  [0.1294849661688697, 0.27970539148927664, 0.3818300505051189, 0.4179591836734694],
);

export const G10K21: Pair = pair(
  [
    0.9956571630258081, 0.9739065285171717, 0.9301574913557082, 0.8650633666889845, 0.7808177265864169,
    0.6794095682990244, 0.5627571346686047, 0.4333953941292472, 0.2943928627014602, 0.14887433898163122, 0,
  ],
  [
    0.011694638867371874, 0.032558162307964725, 0.054755896574351995, 0.07503967481091996, 0.0931254545836976,
    0.10938715880229764, 0.12349197626206584, 0.13470921731147334, 0.14277593857706009, 0.1477391049013385,
    0.1494455540029169,
  ],
  [0.06667134430868814, 0.1494513491505806, 0.21908636251598204, 0.26926671930999635, 0.29552422471475287],
);
