import fc from "fast-check";
import * as P from "polyadic";
import { describe, expect, test } from "vitest";

const { tensor } = P;

describe("making tensors", () => {
  test("from nested arrays, typed arrays and scalars", () => {
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ]).shape,
    ).toEqual([2, 2]);
    expect(tensor(5).toArray()).toBe(5);
    expect(tensor([true, false]).dtype).toBe("bool");
    expect(tensor([{ re: 1, im: 2 }, 3]).toArray()).toEqual([
      { re: 1, im: 2 },
      { re: 3, im: 0 },
    ]);
    expect(tensor(Float32Array.of(1, 2)).dtype).toBe("float32");
    expect(tensor([[]]).shape).toEqual([1, 0]);
    expect(tensor([1, 2, 3, 4], { shape: [2, 2], dtype: "int8" }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(P.arange(2, 8, 2).toArray()).toEqual([2, 4, 6]);
    expect(P.linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(P.eye(2, 3, { k: 1 }).toArray()).toEqual([
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(P.full([2, 2], 3).toArray()).toEqual([
      [3, 3],
      [3, 3],
    ]);
  });
  test("copies what it is given", () => {
    const data = Float64Array.of(1, 2);
    const x = tensor(data);
    data[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
    x.toTypedArray()[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
  });
  test("refuses ragged nesting, wrong sizes and foreign elements", () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(P.ShapeError);
    expect(() => tensor([[1], 2])).toThrow(P.ShapeError);
    expect(() => tensor([1, [2]])).toThrow(P.ShapeError);
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(/3 elements/);
    expect(() => tensor(["a"] as never)).toThrow(P.DTypeError);
    expect(() => tensor([{ re: 1, im: 1 }], { dtype: "float64" })).toThrow(P.DTypeError);
    expect(() => P.zeros([-1])).toThrow(P.ShapeError);
    expect(() => P.zeros([2], "float17" as never)).toThrow(/unknown dtype/);
    expect(() => tensor(new BigInt64Array(2) as never)).toThrow(P.DTypeError);
  });
});

describe("views", () => {
  const x = tensor(P.arange(24), { shape: [2, 3, 4] });
  test("reshape, transpose and slices share storage", () => {
    for (const view of [
      x.reshape([6, 4]),
      x.transpose(),
      x.at(":", 1),
      x.at("...", "::-1"),
      x.reshape([4, -1]),
    ])
      expect(view.storage).toBe(x.storage);
  });
  test("reshape of a view copies only when it must", () => {
    const view = x.transpose([1, 0, 2]);
    expect(view.reshape([3, 2, 2, 2]).storage).toBe(x.storage);
    expect(view.reshape([3, 8]).toArray()).toEqual(tensor(view.toArray()).reshape([3, 8]).toArray());
  });
  test("errors name shapes", () => {
    expect(() => x.reshape([5, 5])).toThrow("[2, 3, 4] does not fill [5, 5]");
    expect(() => x.at(2)).toThrow("index 2 is out of range for axis 0 of length 2");
    expect(() => x.at(0, 0, 0, 0)).toThrow(/too many indices/);
    expect(() => x.at("...", "...")).toThrow(/only once/);
    expect(() => x.at("a:b")).toThrow(/a range such as/);
    expect(() => x.at("::0")).toThrow(/step/);
    expect(() => x.at([0, 5])).toThrow(/out of range/);
    expect(() => x.at([0.5])).toThrow(P.DTypeError);
    expect(() => x.add(P.zeros([3]))).toThrow(/do not broadcast/);
    expect(() => x.transpose([0, 0, 1])).toThrow(/permutation/);
    expect(() => x.item()).toThrow(P.ShapeError);
    expect(() => x.sum({ axis: 3 })).toThrow(/out of range/);
    expect(() => x.squeeze(0)).toThrow(/length 2/);
    expect(() => Number(x)).toThrow(/not a number/);
  });
  test("a random chain of views reads as its copy does", () => {
    const step = fc.oneof(
      fc.constant((t: P.Tensor) => t.transpose()),
      fc.constant((t: P.Tensor) => t.flip(0)),
      fc.constant((t: P.Tensor) => t.at("...", "::2")),
      fc.constant((t: P.Tensor) => t.at("1:")),
      fc.constant((t: P.Tensor) => t.reshape([-1, t.shape.at(-1) || 1])),
      fc.constant((t: P.Tensor) => t.expandDims(1)),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        let view = P.arange(120).reshape([4, 5, 6]);
        let copy = view;
        for (const f of steps) {
          if (view.size === 0) break;
          view = f(view);
          copy = f(tensor(copy.toTypedArray(), { shape: copy.shape }));
          expect(view.toArray()).toEqual(copy.toArray());
        }
      }),
    );
  });
});

describe("dtypes", () => {
  test("promote as NumPy does", () => {
    const table: [P.DType, P.DType, P.DType][] = [
      ["float32", "float64", "float64"],
      ["int32", "float32", "float64"],
      ["int8", "float32", "float32"],
      ["int8", "float16", "float16"],
      ["uint8", "int8", "int32"],
      ["int32", "uint32", "float64"],
      ["bool", "uint8", "uint8"],
      ["complex64", "float64", "complex128"],
      ["complex64", "int32", "complex128"],
      ["complex64", "float16", "complex64"],
      ["float16", "bfloat16", "float32"],
    ];
    for (const [a, b, c] of table) {
      expect(P.promote(a, b), `${a} with ${b}`).toBe(c);
      expect(P.promote(b, a), `${b} with ${a}`).toBe(c);
    }
    expect(() => P.promote("float8_e4m3", "float32")).toThrow(/storage dtype/);
  });
  test("plain values adapt to the tensor", () => {
    const x = P.ones([2], "float32");
    expect(x.mul(2.5).dtype).toBe("float32");
    expect(P.ones([2], "int32").add(1).dtype).toBe("int32");
    expect(P.ones([2], "int32").add(1.5).dtype).toBe("float64");
    expect(P.ones([2], "int8").add(300).dtype).toBe("float64");
    expect(x.mul({ re: 0, im: 1 }).dtype).toBe("complex64");
    expect(P.sub(1, x).toArray()).toEqual([0, 0]);
    expect(P.ones([2], "bool").sum().item()).toBe(2);
  });
  test("conversions cut, wrap and refuse", () => {
    expect(tensor([1.9, -1.9]).astype("int32").toArray()).toEqual([1, -1]);
    expect(tensor([257, -1]).astype("uint8").toArray()).toEqual([1, 255]);
    expect(tensor([0, 2]).astype("bool").toArray()).toEqual([false, true]);
    expect(tensor([1, 2]).astype("complex64").toArray()).toEqual([
      { re: 1, im: 0 },
      { re: 2, im: 0 },
    ]);
    expect(() => tensor([{ re: 1, im: 1 }]).astype("float64")).toThrow(/imaginary/);
  });
  test("float16 and bfloat16 compute, float8 only stores", () => {
    const half = tensor([1.5, 2.25]).astype("float16");
    expect(half.mul(half).toArray()).toEqual([2.25, 5.0625]);
    expect(half.mul(half).dtype).toBe("float16");
    expect(half.at("::-1").reshape([2, 1]).toArray()).toEqual([[2.25], [1.5]]);
    const eighth = tensor([1, 2]).astype("float8_e4m3");
    expect(eighth.astype("float32").toArray()).toEqual([1, 2]);
    expect(() => eighth.add(eighth)).toThrow(/storage dtype/);
  });
});

describe("printing", () => {
  test("aligned columns under a head line", () => {
    expect(
      String(
        tensor([
          [1, -2.5],
          [1000, 3.125],
        ]),
      ),
    ).toBe("float64 [2, 2]\n[[   1.0   -2.5]\n [1000.0    3.1]]");
    expect(
      String(
        tensor(
          [
            [1, 2],
            [3, 4],
          ],
          { dtype: "int32" },
        ),
      ),
    ).toBe("int32 [2, 2]\n[[1 2]\n [3 4]]");
    expect(String(tensor(2.5))).toBe("float64 [] 2.5");
    expect(String(P.zeros([0, 3]))).toBe("float64 [0, 3] (empty)");
    expect(String(tensor([{ re: 1, im: -2 }]))).toBe("complex128 [1]\n[1-2i]");
    expect(String(tensor([Number.NaN, Number.POSITIVE_INFINITY, 1e-12]))).toContain("nan");
  });
  test("long axes are cut in the middle", () => {
    const text = String(P.arange(1000));
    expect(text).toBe("float64 [1000]\n[  0   1   2 … 997 998 999]");
    expect(String(P.zeros([100, 100])).split("\n")).toHaveLength(8);
  });
});

describe("trees", () => {
  const params = { layers: [{ weight: P.ones([2]), bias: P.zeros([1]) }], name: "net" };
  test("map, flatten and unflatten", () => {
    const doubled = P.tree.map((x) => x.mul(2), params);
    expect(doubled.layers[0]!.weight.toArray()).toEqual([2, 2]);
    expect(doubled.name).toBe("net");
    const { leaves, structure } = P.tree.flatten(params);
    expect(structure.paths).toEqual([".layers[0].bias", ".layers[0].weight"]);
    expect(P.tree.unflatten(structure, leaves)).toEqual(params);
    expect(P.tree.map((a, b) => a.add(b), params, doubled).layers[0]!.weight.toArray()).toEqual([3, 3]);
  });
  test("differences are named by path", () => {
    const other = { layers: [{ weight: P.ones([2]) }], name: "net" } as unknown as typeof params;
    expect(() => P.tree.map((a) => a, params, other)).toThrow("trees differ at .layers[0]");
    expect(() => P.tree.map((a) => a, params, { ...params, name: "x" })).toThrow(".name");
    expect(() => P.tree.flatten({ a: new Map() })).toThrow(/\.a is a Map/);
    expect(() => P.tree.unflatten(P.tree.flatten(params).structure, [])).toThrow(/2 leaves/);
  });
});
