"""Layers, activations, losses and recurrent networks of PyTorch 1.13, in float64. Run: /usr/bin/python3 test/reference/neural.py"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


def plain(value):
    if isinstance(value, torch.Tensor):
        return plain(value.detach().tolist())
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, float):
        return float(f"{value:.12g}")
    return value


def run(module, *shape):
    """Parameters, input, output, and the gradient of a weighted sum of the output in the input and the parameters."""
    x = torch.randn(*shape, requires_grad=True)
    y = module(x)
    y = y[0] if isinstance(y, tuple) else y
    weights = torch.randn(*y.shape)
    (y * weights).sum().backward()
    return {
        "params": dict(module.named_parameters()),
        "x": x,
        "y": y,
        "weights": weights,
        "dx": x.grad,
        "grads": {name: p.grad for name, p in module.named_parameters()},
    }


out = {}
out["linear"] = run(nn.Linear(3, 4), 2, 3)
out["conv1d"] = run(nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), 2, 4, 7)
out["conv2d"] = run(nn.Conv2d(2, 3, (3, 2), padding=1, dilation=(1, 2)), 1, 2, 4, 5)
out["convTranspose"] = run(nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1, groups=2), 1, 2, 3, 2)
layer = nn.LayerNorm((3, 2))
nn.init.normal_(layer.weight)
nn.init.normal_(layer.bias)
out["layerNorm"] = run(layer, 2, 3, 2)
layer = nn.GroupNorm(2, 4)
nn.init.normal_(layer.weight)
nn.init.normal_(layer.bias)
out["groupNorm"] = run(layer, 2, 4, 3)
out["instanceNorm"] = run(nn.InstanceNorm1d(2), 2, 2, 4)
layer = nn.BatchNorm1d(3, momentum=0.3)
nn.init.normal_(layer.weight)
nn.init.normal_(layer.bias)
out["batchNorm"] = run(layer, 3, 3, 2)
out["batchNorm"]["running"] = [layer.running_mean.clone(), layer.running_var.clone()]
layer.eval()
out["batchNorm"]["eval"] = layer(out["batchNorm"]["x"])

out["rnn"] = run(nn.RNN(3, 4, batch_first=True), 2, 5, 3)
out["lstm"] = run(nn.LSTM(3, 4, batch_first=True), 2, 5, 3)
out["gru"] = run(nn.GRU(3, 4, batch_first=True), 2, 5, 3)
out["bidirectional"] = run(nn.LSTM(3, 2, batch_first=True, bidirectional=True), 2, 4, 3)

x = torch.tensor([-30.0, -4.0, -2.6, -1.3, -0.2, 0.0, 0.4, 1.0, 2.9, 3.5, 40.0], requires_grad=True)
functions = {
    "relu": F.relu,
    "relu6": F.relu6,
    "leakyRelu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "celu": lambda x: F.celu(x, 0.7),
    "gelu": F.gelu,
    "geluTanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "softplus": F.softplus,
    "logSigmoid": F.logsigmoid,
    "mish": F.mish,
    "hardSigmoid": F.hardsigmoid,
    "hardSwish": F.hardswish,
    "softsign": F.softsign,
}
out["activations"] = {"x": x, "values": {}}
for name, f in functions.items():
    y = f(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    out["activations"]["values"][name] = [y, slope]
z = torch.randn(2, 6)
out["glu"] = {"x": z, "y": F.glu(z, -1)}

attention = nn.MultiheadAttention(8, 2, batch_first=True)
nn.init.normal_(attention.in_proj_bias)
nn.init.normal_(attention.out_proj.bias)
x = torch.randn(2, 5, 8)
context = torch.randn(2, 4, 8)
hidden = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
padding = torch.tensor([[False, False, False, True], [False, False, False, False]])
out["attention"] = {
    "params": dict(attention.named_parameters()),
    "x": x,
    "context": context,
    "keyMask": (~padding).tolist(),
    "self": attention(x, x, x)[0],
    "causal": attention(x, x, x, attn_mask=hidden)[0],
    "cross": attention(x, context, context, key_padding_mask=padding)[0],
}

logits = torch.randn(5, 4) * 3
labels = torch.tensor([0, 3, 1, 1, 2])
ignored = torch.tensor([0, -100, 1, -100, 2])
shares = torch.softmax(torch.randn(5, 4), -1)
weights = torch.rand(4) + 0.5
a, b, c = torch.randn(3, 4, 3)
pair = torch.tensor([1.0, -1.0, 1.0, -1.0])
binary = torch.tensor([[0.0, 1.0, 0.3], [1.0, 0.0, 1.0], [0.0, 0.5, 1.0], [1.0, 1.0, 0.0]])
losses = {}
for reduction in ("mean", "sum", "none"):
    r = {"reduction": reduction}
    losses[reduction] = {
        "mse": F.mse_loss(a, b, **r),
        "mae": F.l1_loss(a, b, **r),
        "huber": F.huber_loss(a, b, delta=0.7, **r),
        "labels": F.cross_entropy(logits, labels, **r),
        "smooth": F.cross_entropy(logits, labels, label_smoothing=0.1, **r),
        "weighted": F.cross_entropy(logits, labels, weight=weights, **r),
        "smoothWeighted": F.cross_entropy(logits, labels, weight=weights, label_smoothing=0.1, **r),
        "ignored": F.cross_entropy(logits, ignored, weight=weights, label_smoothing=0.1, **r),
        "shares": F.cross_entropy(logits, shares, **r),
        "smoothShares": F.cross_entropy(logits, shares, weight=weights, label_smoothing=0.2, **r),
        "nll": F.nll_loss(F.log_softmax(logits, -1), ignored, weight=weights, **r),
        "binary": F.binary_cross_entropy_with_logits(a * 5, binary[:, :3], **r),
        "binaryWeighted": F.binary_cross_entropy_with_logits(
            a * 5, binary[:, :3], pos_weight=torch.tensor(3.0), **r
        ),
        "triplet": F.triplet_margin_loss(a, b, c, **r),
        "cosine": 1 - F.cosine_similarity(a, b) if reduction == "none" else None,
    }
losses["batchmean"] = F.kl_div(F.log_softmax(logits, -1), shares, reduction="batchmean")
out["losses"] = {
    "logits": logits,
    "labels": labels,
    "ignored": ignored,
    "shares": shares,
    "weights": weights,
    "abc": [a, b, c],
    "binary": binary,
    "values": losses,
}

scores = torch.randn(6, 3, 4, requires_grad=True)
log_probs = F.log_softmax(scores, -1)
targets = torch.tensor([[1, 1, 2], [3, 1, 0], [2, 0, 0]])
lengths = [3, 2, 1]
inputs = [6, 5, 6]
value = F.ctc_loss(log_probs, targets, inputs, lengths, reduction="none")
value.sum().backward()
out["ctc"] = {
    "scores": scores.transpose(0, 1),
    "labels": targets,
    "labelLengths": lengths,
    "inputLengths": inputs,
    "values": value,
    "gradient": scores.grad.transpose(0, 1),
}

Path(__file__).with_name("neural.json").write_text(json.dumps(plain(out)))
