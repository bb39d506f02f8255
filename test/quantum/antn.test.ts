import { DomainError, fromTypedArray, matmul, ShapeError, type Tensor, tensor } from "polyadic";
import { ttLinear } from "polyadic/decompose";
import { solve } from "polyadic/linalg";
import { dense, gruCell, recurrent, sequential } from "polyadic/nn";
import {
  type Ansatz,
  type AntnOptions,
  allConfigurations,
  antn,
  dmrg,
  groundState,
  heisenbergJ1J2,
  LocalHamiltonian,
  lattice,
  learnState,
  localEnergies,
  stateVector,
  vmc,
} from "polyadic/quantum";
import { foldIn, key, normal } from "polyadic/random";
import { grad } from "polyadic/transform";
import { describe, expect, it, test } from "vitest";
import { reconfigurationStep } from "../../src/quantum/reconfiguration.ts";
import { near } from "../transform/near.ts";

const every = (sites: number, d = 2): Tensor =>
  fromTypedArray(Int32Array.from(allConfigurations(sites, d)), [d ** sites, sites], "int32");

const causal = sequential(
  recurrent(gruCell({ in: 2, hidden: 8, dtype: "float64" })),
  dense({ in: 8, out: 8, dtype: "float64" }),
);

const kinds: readonly (readonly [string, AntnOptions])[] = [
  ["recurrent network", { sites: 6, bond: 2 }],
  ["block", { sites: 6, bond: 3, mode: "block" }],
  ["masked network", { sites: 6, bond: 2, network: "masked" }],
  ["a layer", { sites: 6, bond: 2, network: causal }],
  ["three values a site", { sites: 4, bond: 2, localDim: 3 }],
  ["bond 1", { sites: 5, bond: 1 }],
  ["fixed total", { sites: 6, bond: 2, symmetries: { total: 2 } }],
  ["spin flip", { sites: 6, bond: 2, symmetries: { total: 3, spinFlip: -1 } }],
  ["all symmetries", { sites: 6, bond: 2, symmetries: { total: 3, spinFlip: -1, reflection: -1 } }],
];

describe.each(kinds)("%s", (_, options) => {
  const ansatz = antn(options);
  const d = ansatz.localDim;
  const x = every(ansatz.sites, d);
  const params = ansatz.init(key(3));

  it("has probabilities that sum to 1 and amplitudes of their roots", () => {
    const q = ansatz.logProb(params, x).exp();
    expect(q.sum().item()).toBeCloseTo(1, 11);
    near(stateVector(ansatz, params).square(), q, 1e-12);
  });

  it("draws samples with those probabilities", () => {
    const q = ansatz.logProb(params, x).exp();
    const count = 4000;
    const drawn = ansatz.sample(key(4), params, count);
    expect(drawn.shape).toEqual([count, ansatz.sites]);
    const counts = new Float64Array(q.size);
    const data = drawn.data();
    for (let i = 0; i < count; i++) {
      let place = 0;
      for (let s = 0; s < ansatz.sites; s++) place = place * d + Number(data[i * ansatz.sites + s]);
      counts[place]!++;
    }
    q.data().forEach((probability, i) => {
      const expected = count * Number(probability);
      // Five standard deviations, of at least one draw.
      expect(Math.abs(counts[i]! - expected)).toBeLessThanOrEqual(5 * Math.sqrt(expected + 1));
      if (Number(probability) === 0) expect(counts[i]).toBe(0);
    });
  });

  it("has finite derivatives", () => {
    const slopes = grad((p: typeof params) =>
      ansatz
        .logProb(p, x)
        .exp()
        .mul(
          fromTypedArray(
            Float64Array.from({ length: x.shape[0]! }, (_, i) => i),
            [x.shape[0]!],
            "float64",
          ),
        )
        .sum(),
    )(params);
    slopes.cores.forEach((slope) => {
      expect(Number.isFinite(slope.square().sum().item())).toBe(true);
    });
  });
});

test("without a network it is the matrix product state", () => {
  const ansatz = antn({ sites: 6, bond: 3, network: "none" });
  const params = ansatz.init(key(1));
  const state = params.cores
    .reduce(
      (left: Tensor, core) => matmul(left.expandDims(1).expandDims(1), core).reshape([-1, core.shape[2]!]),
      tensor([[1]]),
    )
    .ravel();
  near(stateVector(ansatz, params), state.div(state.square().sum().sqrt()), 1e-12);
});

test("symmetric states are symmetric", () => {
  const ansatz = antn({ sites: 6, bond: 2, symmetries: { total: 3, spinFlip: -1, reflection: -1 } });
  const params = ansatz.init(key(2));
  const x = every(6);
  const state = stateVector(ansatz, params);
  const amplitude = (y: Tensor): Tensor => {
    const { logAbs, phase } = ansatz.amplitude(params, y);
    return logAbs.exp().mul(phase.cos());
  };
  near(amplitude(x.mul(-1).add(1).astype("int32")), state.neg(), 1e-12);
  near(amplitude(x.flip(1)), state.neg(), 1e-12);
});

describe("Hamiltonians", () => {
  it("have neighbours of chains and rectangles, open and periodic", () => {
    expect(lattice(4)).toEqual({
      sites: 4,
      nearest: [
        [0, 1],
        [1, 2],
        [2, 3],
      ],
      nextNearest: [
        [0, 2],
        [1, 3],
      ],
    });
    const open = lattice([4, 4]);
    expect([open.nearest.length, open.nextNearest.length]).toEqual([24, 18]);
    const closed = lattice([4, 4], { periodic: true });
    expect([closed.nearest.length, closed.nextNearest.length]).toEqual([32, 32]);
  });

  it("have the known energies of two spins, and of the chain of the reference", () => {
    const pair = groundState(heisenbergJ1J2(lattice(2)));
    expect(pair.energy).toBeCloseTo(-0.75, 12);
    const chain = groundState(heisenbergJ1J2(lattice(8), { j2: 0.2 }));
    expect(chain.energy).toBeCloseTo(-3.17153281, 7);
    expect(chain.gap).toBeCloseTo(0.38556, 4);
  });

  it("act without a matrix as their sparse matrices do, for terms of several sites in any order", () => {
    const three = normal(key(1), [27, 27]);
    const two = normal(key(2), [9, 9]);
    const h = new LocalHamiltonian(
      4,
      [
        { sites: [3, 0, 2], matrix: three.add(three.mT()) },
        { sites: [1, 0], matrix: two.add(two.mT()) },
      ],
      3,
    );
    const x = normal(key(3), [81, 2]);
    near(h.apply(x), h.asSparse().apply(x), 1e-10);
    near(h.toDense(), h.toDense().mT(), 1e-12);
  });

  it("have local energies H ψ / ψ", () => {
    const h = heisenbergJ1J2(lattice(5), { j2: 0.4 });
    const ansatz = antn({ sites: 5, bond: 2 });
    const params = ansatz.init(key(1));
    const x = every(5);
    const psi = stateVector(ansatz, params);
    const energies = localEnergies(h, (y) => ansatz.amplitude(params, y), x);
    near(tensor(energies), h.apply(psi).div(psi), 1e-8);
  });

  it("throw for what is not Hermitian or does not fit", () => {
    expect(
      () =>
        new LocalHamiltonian(3, [
          {
            sites: [0],
            matrix: tensor([
              [0, 1],
              [2, 0],
            ]),
          },
        ]),
    ).toThrow(/Hermitian/);
    expect(
      () =>
        new LocalHamiltonian(3, [
          {
            sites: [3],
            matrix: tensor([
              [0, 1],
              [1, 0],
            ]),
          },
        ]),
    ).toThrow(DomainError);
    expect(() => new LocalHamiltonian(3, [{ sites: [1, 1], matrix: tensor([[0]]) }])).toThrow(/distinct/);
    expect(() => new LocalHamiltonian(3, [{ sites: [0, 1], matrix: tensor([[0]]) }])).toThrow(ShapeError);
    expect(() => new LocalHamiltonian(1, [])).toThrow(/at least 2/);
    expect(() => heisenbergJ1J2(lattice(4), { j2: Number.NaN })).toThrow(/j2: a finite number/);
    expect(() => lattice([1, 1])).toThrow(DomainError);
    expect(() => lattice(2.5)).toThrow(DomainError);
    expect(() => new LocalHamiltonian(30, []).toSparse()).toThrow(/at most/);
  });
});

describe("training", () => {
  it("learns a state, and the ground state by samples", () => {
    const h = heisenbergJ1J2(lattice(4));
    const { energy, state } = groundState(h);
    const ansatz = antn({ sites: 4, bond: 2, hidden: 8, symmetries: { total: 2 } });
    const learned = learnState(key(1), ansatz, state, { steps: 80 });
    expect(learned.infidelity).toBeLessThan(0.02);
    expect(learned.history.length).toBe(80);
    const found = vmc(key(1), ansatz, h, { params: learned.params, samples: 64, steps: 5 });
    expect(Math.abs(found.energy - energy)).toBeLessThan(0.15);
  });

  it("has sampled gradients whose mean is that of the energy", () => {
    // At an eigenstate of a diagonal Hamiltonian nothing is left to learn: energies have no deviation.
    const z = tensor([
      [1, 0],
      [0, -1],
    ]);
    const h = new LocalHamiltonian(
      3,
      [0, 1, 2].map((site) => ({ sites: [site], matrix: z })),
    );
    const ansatz = antn({ sites: 3, bond: 1, network: "none", symmetries: { total: 3 } });
    const found = vmc(key(0), ansatz, h, { samples: 16, steps: 1 });
    expect([found.energy, found.deviation]).toEqual([-3, 0]);
  });

  it("throws at the door and stops when told", () => {
    const h = heisenbergJ1J2(lattice(4));
    const ansatz = antn({ sites: 4, bond: 2 });
    expect(() => vmc(key(0), antn({ sites: 5, bond: 2 }), h)).toThrow(/4 of 2/);
    expect(() => vmc(key(0), ansatz, {} as never)).toThrow(/LocalHamiltonian/);
    expect(() => vmc(key(0), ansatz, h, { samples: 1 })).toThrow(/samples/);
    expect(() => vmc(key(0), ansatz, h, { steps: 0 })).toThrow(/steps/);
    expect(() => vmc(key(0), ansatz, h, { signal: AbortSignal.abort() })).toThrow(/stopped/);
    expect(() => learnState(key(0), ansatz, tensor([1, 2]))).toThrow(ShapeError);
    expect(() => learnState(key(0), ansatz, tensor(new Float64Array(16)))).toThrow(/not zero/);
    expect(() =>
      stateVector(antn({ sites: 40, bond: 1 }), antn({ sites: 40, bond: 1 }).init(key(0))),
    ).toThrow(/at most/);
  });
});

describe("antn: bad input", () => {
  it.each([
    [{ sites: 4, bond: 0 }, /bond/],
    [{ sites: 1, bond: 2 }, /sites/],
    [{ sites: 4, bond: 2, localDim: 1 }, /localDim/],
    [{ sites: 4, bond: 2, hidden: 0 }, /hidden/],
    [{ sites: 4, bond: 2, mode: "x" as never }, /mode/],
    [{ sites: 4, bond: 2, network: "x" as never }, /network/],
    [{ sites: 4, bond: 2, symmetries: { total: 5 } }, /total/],
    [{ sites: 4, bond: 2, symmetries: { total: 1, spinFlip: 1 } }, /spinFlip/],
    [{ sites: 4, bond: 2, symmetries: { spinFlip: 2 as never } }, /spinFlip/],
    [{ sites: 4, bond: 2, symmetries: { reflection: -1 } }, /leaves some configurations/],
    [{ sites: 4, bond: 2, symmetries: { spinFlip: -1, reflection: 1 } }, /leaves some configurations/],
    [{ sites: 4, bond: 2, localDim: 3, symmetries: { spinFlip: -1 } }, /leaves some configurations/],
  ] satisfies [AntnOptions, RegExp][])("%o", (options, message) => {
    expect(() => antn(options)).toThrow(message);
    expect(() => antn(options)).toThrow(DomainError);
  });

  it("in configurations and parameters", () => {
    const ansatz = antn({ sites: 4, bond: 2 });
    const params = ansatz.init(key(0));
    expect(() => ansatz.logProb(params, tensor([[0, 1, 2, 0]]))).toThrow(/integers from 0 to 1/);
    expect(() => ansatz.logProb(params, tensor([[0, 1, 0]]))).toThrow(ShapeError);
    expect(() => ansatz.logProb({ ...params, cores: [] }, tensor([[0, 1, 0, 1]]))).toThrow(/4 cores/);
    expect(() =>
      ansatz.withCores(
        params,
        params.cores.map((core) => core.at(":1")),
      ),
    ).toThrow(ShapeError);
    expect(() => ansatz.sample(key(0), params, 0)).toThrow(/count/);
    const acausal = ttLinear({ inShape: [2], outShape: [8], ranks: [] });
    expect(() =>
      antn({
        sites: 4,
        bond: 2,
        network: { init: acausal.init, apply: (p: never, x: Tensor) => acausal.apply(p, x.flip(1)) },
        dtype: "float32",
      }).init(foldIn(key(0), 1)),
    ).toThrow(/causal layer was expected/);
    expect(() => antn({ sites: 4, bond: 3, network: causal }).init(key(0))).toThrow(/a layer from/);
  });
});

describe("turned spins", () => {
  it("keep energies and make the unfrustrated ground state positive", () => {
    const on = lattice([2, 4]);
    const second = [1, 3, 4, 6];
    const plain = groundState(heisenbergJ1J2(on, { j2: 0.3 }));
    const turned = groundState(heisenbergJ1J2(on, { j2: 0.3, turned: second }));
    expect(turned.energy).toBeCloseTo(plain.energy, 9);
    near(turned.state.abs(), plain.state.abs(), 1e-7);
    const { state } = groundState(heisenbergJ1J2(on, { turned: second }));
    expect(Math.abs(state.sum().item())).toBeCloseTo(state.abs().sum().item(), 7);
    expect(() => heisenbergJ1J2(on, { turned: [8] })).toThrow(/turned/);
  });
});

describe("dmrg", () => {
  it("is exact where the bond suffices", () => {
    const hamiltonian = heisenbergJ1J2(lattice(6), { j2: 0.4 });
    const exact = groundState(hamiltonian);
    const found = dmrg(key(1), hamiltonian, { bond: 8 });
    expect(found.converged).toBe(true);
    expect(found.energy).toBeCloseTo(exact.energy, 8);
    const ansatz = antn({ sites: 6, bond: 8, network: "none" });
    const psi = stateVector(ansatz, ansatz.withCores(ansatz.init(key(0)), found.cores));
    expect(Math.abs(matmul(psi, exact.state).item())).toBeCloseTo(1, 7);
  });

  it("has the energy of its state and the floor of its bond, for terms of one and three sites too", () => {
    const matrix = normal(key(2), [8, 8]);
    const hamiltonian = new LocalHamiltonian(5, [
      ...[0, 1, 2, 3].map((i) => ({ sites: [i + 1, i], matrix: normal(key(i), [4, 4]) })).map(symmetric),
      symmetric({ sites: [3, 0, 4], matrix }),
      symmetric({ sites: [2], matrix: normal(key(9), [2, 2]) }),
    ]);
    const exact = groundState(hamiltonian);
    expect(dmrg(key(1), hamiltonian, { bond: 4 }).energy).toBeCloseTo(exact.energy, 8);
    const small = dmrg(key(1), hamiltonian, { bond: 2 });
    const ansatz = antn({ sites: 5, bond: 2, network: "none" });
    const psi = stateVector(ansatz, ansatz.withCores(ansatz.init(key(0)), small.cores));
    const energy = psi.mul(hamiltonian.apply(psi)).sum().item();
    expect(energy).toBeGreaterThanOrEqual(exact.energy - 1e-9);
    expect(energy).toBeLessThan(exact.energy + 0.2 * Math.abs(exact.energy));
    expect(() => dmrg(key(0), hamiltonian, { bond: 0 })).toThrow(/bond/);
  });
});

const symmetric = ({
  sites,
  matrix,
}: {
  sites: readonly number[];
  matrix: Tensor;
}): {
  sites: readonly number[];
  matrix: Tensor;
} => ({ sites, matrix: matrix.add(matrix.transpose()) });

describe("stochastic reconfiguration", () => {
  it("is the natural gradient of the samples", () => {
    // One parameter per site of a product state: everything can be written down.
    const ansatz: Ansatz<Tensor> = {
      sites: 2,
      localDim: 2,
      init: () => tensor([0.3, -0.2]),
      logProb: (p, x) => x.astype("float64").mul(p).sum({ axis: 1 }).mul(2),
      amplitude: () => {
        throw new Error("not needed");
      },
      sample: () => {
        throw new Error("not needed");
      },
    };
    const x = tensor([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
      [1, 0],
    ]).astype("int32");
    const energies = tensor([1, -2, 0.5, 3, 0.5]);
    const params = tensor([0.3, -0.2]);
    const rate = 1e-3;
    const step = reconfigurationStep(ansatz, { damping: 1e-9, maxChange: 10 });
    const moved = step(params, x, energies, rate).sub(params).div(rate);
    const centre = (v: Tensor): Tensor => v.sub(v.mean({ axis: 0 }));
    const rows = centre(x.astype("float64"));
    const expected = solve(rows.transpose().matmul(rows), rows.transpose().matmul(centre(energies))).neg();
    near(moved, expected, 1e-5);
    const small = reconfigurationStep(ansatz, { damping: 1e-9, maxChange: 1e-4 })(params, x, energies, 1);
    const length = rows.matmul(small.sub(params)).square().mean().sqrt().item();
    expect(length).toBeCloseTo(1e-4, 7);
  });

  it("needs few steps", () => {
    const hamiltonian = heisenbergJ1J2(lattice(6), { j2: 0.2, turned: [1, 3, 5] });
    const exact = groundState(hamiltonian);
    const ansatz = antn({ sites: 6, bond: 2, hidden: 8, symmetries: { total: 3 } });
    const from = ansatz.init(key(1));
    const params = ansatz.withCores(
      from,
      from.cores.map((core) => core.abs()),
    );
    const options = { samples: 128, steps: 30, params } as const;
    const energy = (found: { params: typeof params }): number => {
      const psi = stateVector(ansatz, found.params);
      return psi.mul(hamiltonian.apply(psi)).sum().item();
    };
    const natural = energy(vmc(key(2), ansatz, hamiltonian, { ...options, reconfiguration: {} }));
    const plain = energy(vmc(key(2), ansatz, hamiltonian, options));
    expect(natural - exact.energy).toBeLessThan(0.01 * Math.abs(exact.energy));
    expect(natural).toBeLessThan(plain);
    expect(() => vmc(key(2), ansatz, hamiltonian, { ...options, reconfiguration: { damping: 0 } })).toThrow(
      /damping/,
    );
  });
});
