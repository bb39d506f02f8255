// The functions of special by the names under which the reference values stand.
import * as S from "polyadic/special";
import type { Tensor } from "polyadic/tensor";

type Call = (...args: Tensor[]) => Tensor;
const nth = (f: unknown): Call => f as Call;

export const FUNCTIONS: Readonly<Record<string, Call>> = {
  ...Object.fromEntries(
    Object.entries(S)
      .filter(([, f]) => typeof f === "function")
      .map(([name, f]) => [name, nth(f)]),
  ),
  hurwitzZeta: (x, q) => S.zeta(x!, q!),
  "sici.si": (x) => S.sici(x!).si,
  "sici.ci": (x) => S.sici(x!).ci,
  "shichi.shi": (x) => S.shichi(x!).shi,
  "shichi.chi": (x) => S.shichi(x!).chi,
  "fresnel.s": (x) => S.fresnel(x!).s,
  "fresnel.c": (x) => S.fresnel(x!).c,
  "airy.ai": (x) => S.airy(x!).ai,
  "airy.aip": (x) => S.airy(x!).aip,
  "airy.bi": (x) => S.airy(x!).bi,
  "airy.bip": (x) => S.airy(x!).bip,
  "ellipj.sn": (u, m) => S.ellipj(u!, m!).sn,
  "ellipj.cn": (u, m) => S.ellipj(u!, m!).cn,
  "ellipj.dn": (u, m) => S.ellipj(u!, m!).dn,
  lambertw: (x) => S.lambertw(x!),
  "lambertw.lower": (x) => S.lambertw(x!, -1),
};
