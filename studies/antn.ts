import { fromTypedArray, matmul, type Tensor } from "polyadic";
import { svd } from "polyadic/linalg";
import {
  type Antn,
  type AntnOptions,
  type AntnParams,
  allConfigurations,
  antn,
  dmrg,
  groundState,
  heisenbergJ1J2,
  type LocalHamiltonian,
  lattice,
  stateVector,
  vmc,
} from "polyadic/quantum";
import { foldIn, type Key } from "polyadic/random";
import { atMost, study } from "polyadic/study";

interface Trained {
  readonly ansatz: Antn;
  readonly params: ReturnType<Antn["init"]>;
  readonly energy: number;
}

/** The best of some runs with different keys, by energy. */
function best(
  keys: readonly Key[],
  hamiltonian: LocalHamiltonian,
  options: Omit<AntnOptions, "sites">,
  training: { readonly samples: number | "all"; readonly steps: number },
): Trained {
  const ansatz = antn({ sites: hamiltonian.sites, ...options });
  const runs = keys.map((key) => ({ ansatz, ...vmc(key, ansatz, hamiltonian, training) }));
  return runs.reduce((a, b) => (b.energy < a.energy ? b : a));
}

/** What no matrix product state of this bond can be nearer to a state than, by its middle cut. */
function bondFloor(state: Tensor, sites: number, bond: number): number {
  const half = 2 ** (sites >> 1);
  const { s } = svd(state.reshape([half, state.size / half]));
  return 1 - s.at(`:${bond}`).square().sum().item();
}

const infidelity = ({ ansatz, params }: Trained, state: Tensor): number =>
  1 - matmul(stateVector(ansatz, params), state).item() ** 2;

/** χ² of sample counts against probabilities, with rare configurations put together, over its 0.999 quantile. */
function chiSquare(key: Key, { ansatz, params }: Trained, count: number): number {
  const n = ansatz.sites;
  const q = stateVector(ansatz, params).square().data();
  const counts = new Float64Array(q.length);
  const drawn = ansatz.sample(key, params, count).data();
  for (let i = 0; i < count; i++) {
    let place = 0;
    for (let s = 0; s < n; s++) place = 2 * place + Number(drawn[i * n + s]);
    counts[place]!++;
  }
  let [sum, bins, rareExpected, rareSeen] = [0, 0, 0, 0];
  q.forEach((probability, i) => {
    const expected = Number(probability) * count;
    if (expected < 5) {
      rareExpected += expected;
      rareSeen += counts[i]!;
      return;
    }
    sum += (counts[i]! - expected) ** 2 / expected;
    bins++;
  });
  if (rareExpected > 0) {
    sum += (rareSeen - rareExpected) ** 2 / rareExpected;
    bins++;
  }
  // Wilson and Hilferty's approximation of the quantile.
  const freedom = Math.max(1, bins - 1);
  const quantile = freedom * (1 - 2 / (9 * freedom) + 3.0902 * Math.sqrt(2 / (9 * freedom))) ** 3;
  return sum / quantile;
}

const SIDE = 4;

type SquareRow = Readonly<
  Record<"J2" | "bond" | "error" | "infidelity" | "floor", number> & Record<string, number>
>;

/**
 * Open spins on a square by bonds 4 and 8: the ansatz by 120 steps of stochastic reconfiguration with 512 samples, the matrix
 * product state by DMRG, the network alone like the ansatz. With J2 up to ½ every second spin is turned and the start is positive;
 * above, no such rule is known, and the start is the state of DMRG.
 */
function squareLattice(key: Key, j2: number): SquareRow[] {
  const sites = Array.from({ length: SIDE ** 2 }, (_, s) => s);
  const isFrustrated = j2 > 0.5;
  const turned = isFrustrated ? [] : sites.filter((s) => (s + Math.floor(s / SIDE)) % 2 === 1);
  const hamiltonian = heisenbergJ1J2(lattice([SIDE, SIDE]), { j2, turned });
  const ground = groundState(hamiltonian);
  const matrix = hamiltonian.asSparse();
  const quality = (ansatz: Antn, params: AntnParams): { error: number; infidelity: number } => {
    const psi = stateVector(ansatz, params);
    const energy = psi.mul(matrix.apply(psi)).sum().item();
    return {
      error: (energy - ground.energy) / Math.abs(ground.energy),
      infidelity: 1 - matmul(psi, ground.state).item() ** 2,
    };
  };
  const trained = (bond: number, cores: readonly Tensor[] | null): ReturnType<typeof quality> => {
    const ansatz = antn({ sites: sites.length, bond, symmetries: { total: sites.length / 2 } });
    const from = ansatz.init(foldIn(key, bond));
    const params = ansatz.withCores(from, cores ?? from.cores.map((core) => core.abs()));
    const found = vmc(foldIn(key, 20 + bond), ansatz, hamiltonian, {
      samples: 512,
      steps: 120,
      params,
      reconfiguration: {},
    });
    return quality(ansatz, found.params);
  };
  const alone = trained(1, null);
  return [4, 8].map((bond) => {
    const { cores } = dmrg(foldIn(key, 10 + bond), hamiltonian, { bond });
    const plain = antn({ sites: sites.length, bond, network: "none" });
    const mps = quality(plain, plain.withCores(plain.init(key), cores));
    return {
      J2: j2,
      bond,
      ...trained(bond, isFrustrated ? cores : null),
      floor: bondFloor(ground.state, sites.length, bond),
      "MPS error": mps.error,
      "MPS infidelity": mps.infidelity,
      "network error": alone.error,
      "network infidelity": alone.infidelity,
    };
  });
}

export default study({
  id: "antn",
  paper: {
    title:
      "ANTN: Bridging autoregressive neural networks and tensor networks for quantum many-body simulation",
    year: 2023,
  },
  claim:
    "An autoregressive network on top of a matrix product state is exactly normalised and sampled, and reaches lower energies than either of the two.",
  baseline: "the matrix product state alone, and the network alone (bond 1), trained the same way",
  run({ key, scale, report }) {
    const keys = [1, 2].map((i) => foldIn(key, i));
    const chain = heisenbergJ1J2(lattice(8), { j2: 0.2 });
    const exact = groundState(chain);
    const training = { samples: "all", steps: 150 } as const;
    const relative = (energy: number, ground: number): number => (energy - ground) / Math.abs(ground);
    const kinds: readonly (readonly [string, Omit<AntnOptions, "sites">])[] = [
      ["matrix product state, χ = 2", { bond: 2, network: "none" }],
      ["network alone", { bond: 1 }],
      ["element, χ = 2", { bond: 2 }],
      ["block, χ = 2", { bond: 2, mode: "block" }],
    ];
    const trained = kinds.map(([name, options]) => ({ name, ...best(keys, chain, options, training) }));
    report.table(
      trained.map((run) => ({
        state: run.name,
        energy: run.energy,
        error: relative(run.energy, exact.energy),
        infidelity: infidelity(run, exact.state),
      })),
      `Open chain of 8 spins, J2 = 0.2: energy ${exact.energy.toFixed(8)}, gap ${exact.gap.toFixed(5)}`,
    );
    const [mps, , element] = trained as unknown as readonly [Trained, Trained, Trained];
    const floor = bondFloor(exact.state, 8, 2);
    report.note(`No matrix product state of bond 2 has an infidelity below ${floor.toFixed(4)}.`);

    const x = fromTypedArray(Int32Array.from(allConfigurations(8)), [256, 8], "int32");
    const total = element.ansatz.logProb(element.params, x).exp().sum().item();
    // Factors and tensors of 0 in the network's outputs leave the matrix product state.
    const params = element.params.network as { cell: unknown; head: { weight: Tensor; bias: Tensor } };
    const silent = {
      cores: element.params.cores,
      network: { ...params, head: { weight: params.head.weight.mul(0), bias: params.head.bias.mul(0) } },
    };
    const plain = element.params.cores
      .reduce<Tensor>(
        (left, core) => matmul(left.expandDims(1).expandDims(1), core).reshape([-1, core.shape[2]!]),
        fromTypedArray(new Float64Array([1]), [1, 1], "float64"),
      )
      .ravel();
    const expected = plain.div(plain.square().sum().sqrt());
    const limit = stateVector(element.ansatz, silent).sub(expected).abs().max().item();

    const measured = {
      normalisation: Math.abs(total - 1),
      limitDiffers: limit,
      errorAgainstMps: relative(element.energy, exact.energy) / relative(mps.energy, exact.energy),
      chiSquare: chiSquare(foldIn(key, 9), element, 20_000),
    };
    if (scale === "quick") return measured;

    const rows = [0.2, 0.5, 0.8].flatMap((j2) => squareLattice(foldIn(key, Math.round(100 * j2)), j2));
    report.table(rows, "4 × 4 spins after stochastic reconfiguration, relative errors of energies");
    return { ...measured, belowFloor: rows.filter((row) => row.infidelity < row.floor).length / rows.length };
  },
  expect: {
    normalisation: atMost(1e-10),
    limitDiffers: atMost(1e-10),
    errorAgainstMps: atMost(0.5),
    chiSquare: atMost(1),
  },
});
