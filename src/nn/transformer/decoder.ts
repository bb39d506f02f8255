// Language models: blocks between an embedding and scores, and text drawn from them.

import { jit } from "../../compiler/jit.ts";
import { take } from "../../ops/gather.ts";
import { concat } from "../../ops/join.ts";
import { topK as largest } from "../../ops/sort.ts";
import type { Layer } from "../../optim/model.ts";
import { categorical } from "../../random/categorical.ts";
import { type Key, split } from "../../random/key.ts";
import { checkCount, checkPositive, checkRank } from "../../tensor/check.ts";
import { arange } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { AttentionCache } from "../attention/multiHead.ts";
import { splitPass } from "../base/pass.ts";
import { normal } from "../init/initializers.ts";
import { type DenseParams, dense } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import { type EmbeddingParams, embedding } from "../layers/embedding.ts";
import { layerNorm, type NormParams, rmsNorm } from "../layers/normalization.ts";
import { type TransformerBlockOptions, type TransformerBlockParams, transformerBlock } from "./block.ts";

export interface DecoderOptions
  extends Omit<TransformerBlockOptions, "causal" | "contextDim" | "rotary" | "alibi"> {
  /** Number of different tokens. */
  readonly vocabulary: number;
  /** Number of blocks. */
  readonly depth: number;
  /** Largest number of tokens. */
  readonly context: number;
  /** How tokens know where they stand; "rotary" unless told. */
  readonly positions?: "learned" | "rotary" | "alibi" | "none";
  /** Whether scores are products with the embedding; yes unless told. */
  readonly tied?: boolean;
}

export interface DecoderParams {
  readonly tokens: EmbeddingParams;
  /** `[context, dim]`, where positions are learned. */
  readonly positions?: EmbeddingParams;
  readonly blocks: readonly TransformerBlockParams[];
  readonly norm: NormParams;
  /** Where the output is not tied. */
  readonly out?: DenseParams;
}

export interface GenerateOptions {
  /** Tokens to draw. */
  readonly count: number;
  readonly key: Key;
  /** Scores are divided by it, 1 unless told; 0 takes the best token always. */
  readonly temperature?: number;
  /** Draws from so many best tokens only. */
  readonly topK?: number;
}

export interface Decoder extends Layer<DecoderParams> {
  cache(batch: number, capacity?: number): readonly AttentionCache[];
  /** Scores `[B, t, vocabulary]` for what follows each of the next tokens `[B, t]`, which see those of the caches. */
  step(
    params: DecoderParams,
    caches: readonly AttentionCache[],
    tokens: Tensor,
  ): { readonly y: Tensor; readonly cache: readonly AttentionCache[] };
  /** Continues tokens `[B, t]`: `[B, t + count]`, int32. One compiled step for each new token. */
  generate(params: DecoderParams, tokens: Tensor, options: GenerateOptions): Tensor;
}

/**
 * A language model of the kind of GPT and LLaMA: embedding, causal blocks, normalisation and scores, from tokens `[B, n]`
 * to `[B, n, vocabulary]`. Weights begin normal with standard deviation 0.02 unless told. Throws DomainError for options
 * out of range and for more tokens than `context`, ShapeError or DTypeError for inputs that do not fit.
 */
export function decoder(options: DecoderOptions): Decoder {
  const { vocabulary, depth, context, positions = "rotary", tied = true, ...rest } = options;
  checkCount("decoder: vocabulary", vocabulary);
  checkCount("decoder: depth", depth);
  checkCount("decoder: context", context);
  const { dim, dtype, init = normal(0.02), norm = "layer" } = rest;
  const typed = dtype && { dtype };
  const block = transformerBlock({
    ...rest,
    init,
    causal: true,
    rotary: positions === "rotary",
    alibi: positions === "alibi",
  });
  const table = embedding({ count: vocabulary, dim, init, ...typed });
  const places = positions === "learned" ? embedding({ count: context, dim, init, ...typed }) : null;
  const last = (norm === "rms" ? rmsNorm : layerNorm)({ shape: dim, ...typed });
  const head = tied ? null : dense({ in: dim, out: vocabulary, bias: false, init, ...typed });
  const drop = dropout(rest.dropout ?? 0);
  const blocks = Array.from({ length: depth }, () => block);

  const checkLength = (length: number): void => {
    if (length > context)
      throw new DomainError(`decoder: tokens: at most context = ${context} were expected, got ${length}`);
  };
  const embed = (params: DecoderParams, tokens: Tensor, at: Tensor): Tensor => {
    checkRank("decoder: tokens", tokens, 2);
    const x = table.apply(params.tokens, tokens);
    return places ? x.add(take(params.positions!.weight, at)) : x;
  };
  const scores = (params: DecoderParams, x: Tensor): Tensor => {
    const even = last.apply(params.norm, x);
    return head ? head.apply(params.out!, even) : table.attend(params.tokens, even);
  };
  const step: Decoder["step"] = (params, caches, tokens) => {
    const range = arange(0, tokens.shape[1]!, 1).astype("int32");
    let x = embed(params, tokens, range.add(caches[0]!.length));
    const cache = blocks.map((layer, i) => {
      const next = layer.step(params.blocks[i]!, caches[i]!, x);
      x = next.y;
      return next.cache;
    });
    return { y: scores(params, x), cache };
  };
  const compiled = jit(step);
  const cache = (batch: number, capacity = context): readonly AttentionCache[] => {
    checkLength(capacity);
    return blocks.map((layer) => layer.cache(batch, capacity));
  };
  return {
    init: (key) => {
      const [k0, k1, k2, ...keys] = split(key, depth + 3) as [Key, Key, Key, ...Key[]];
      return {
        tokens: table.init(k0),
        ...(places && { positions: places.init(k1) }),
        blocks: blocks.map((layer, i) => layer.init(keys[i]!)),
        norm: last.init(k2),
        ...(head && { out: head.init(k2) }),
      };
    },
    apply: (params, tokens, pass) => {
      checkRank("decoder: tokens", tokens, 2);
      checkLength(tokens.shape[1]!);
      const passes = splitPass(pass, depth + 1);
      const start = embed(params, tokens, arange(0, tokens.shape[1]!, 1).astype("int32"));
      const x = blocks.reduce(
        (y: Tensor, layer, i) => layer.apply(params.blocks[i]!, y, passes[i]),
        drop.apply({}, start, passes[depth]),
      );
      return scores(params, x);
    },
    cache,
    step,
    generate: (params, tokens, { count, key, temperature = 1, topK }) => {
      checkCount("decoder: generate: count", count, 0);
      checkRank("decoder: tokens", tokens, 2);
      if (temperature !== 0) checkPositive("decoder: generate: temperature", temperature);
      if (topK !== undefined) checkCount("decoder: generate: topK", topK);
      const [batch, t] = tokens.shape as [number, number];
      checkLength(t + count);
      const result: Tensor[] = [tokens.astype("int32")];
      let state = { y: tokens, cache: cache(batch, t + count) };
      let input = tokens.astype("int32");
      for (const drawKey of split(key, count)) {
        state = compiled(params, state.cache, input);
        const next = pick(state.y.at(":", -1), drawKey, temperature, topK);
        input = next.expandDims(1);
        result.push(input);
      }
      return concat(result, 1);
    },
  };
}

/** The next tokens `[B]` from scores `[B, vocabulary]`. */
function pick(logits: Tensor, key: Key, temperature: number, topK: number | undefined): Tensor {
  if (temperature === 0) return logits.argmax({ axis: -1 });
  if (topK === undefined || topK >= logits.shape[1]!) return categorical(key, logits.div(temperature));
  const { values } = largest(logits, topK);
  const least = values.min({ axis: -1, keepDims: true });
  return categorical(key, logits.less(least).where(-1e30, logits).div(temperature));
}
