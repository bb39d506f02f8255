import { bind } from "../../ops/bind.ts";
import { callP } from "../graphs/call.ts";
import { closedFunction } from "../graphs/closed.ts";

/**
 * The same function, of which reverse mode keeps only the arguments: intermediate values are computed again when the
 * gradient needs them. Trades one more evaluation for memory. Values and derivatives are the same.
 *
 * Source: Griewank and Walther, Algorithm 799: revolve (2000).
 */
export const checkpoint =
  <A extends readonly unknown[], B>(f: (...args: A) => B): ((...args: A) => B) =>
  (...args) => {
    const { graph, operands, call } = closedFunction(f as never, args, "checkpoint");
    return call.rebuild<B>(bind(callP, operands, { name: f.name || "checkpoint", graph, recompute: true }));
  };
