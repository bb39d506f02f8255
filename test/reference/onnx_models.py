"""Small networks as PyTorch exports them to ONNX, with their results: test/reference/onnx-*.onnx and onnx-models.json."""

import base64
import io
import json
import pathlib
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")
here = pathlib.Path(__file__).parent
torch.manual_seed(0)


class Block(nn.Module):
    """An encoder block of a transformer with positions learned, and a class from the mean of its tokens."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(11, 8)
        self.places = nn.Parameter(torch.randn(1, 6, 8) * 0.1)
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)
        self.feed = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
        self.head = nn.Linear(8, 3)

    def forward(self, ids):
        x = self.tokens(ids) + self.places[:, : ids.shape[1]]
        y = self.norm(x)
        q, k, v = self.qkv(y).chunk(3, dim=-1)
        heads = lambda t: t.view(t.shape[0], t.shape[1], 2, 4).transpose(1, 2)
        weights = torch.softmax(heads(q) @ heads(k).transpose(-1, -2) / 2.0, dim=-1)
        z = (weights @ heads(v)).transpose(1, 2).reshape(x.shape)
        x = x + self.out(z)
        x = x + self.feed(x)
        return torch.log_softmax(self.head(x.mean(dim=1)), dim=-1)


class Images(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 4, 3, stride=2, groups=2, dilation=2, padding=2)
        self.up = nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1)
        self.head = nn.Linear(12, 2)

    def forward(self, x):
        y = torch.relu(self.norm(self.first(x)))
        y = nn.functional.max_pool2d(y, 2, ceil_mode=True)
        y = nn.functional.leaky_relu(self.second(y), 0.1)
        y = nn.functional.elu(self.up(y))
        y = nn.functional.avg_pool2d(y, 3, stride=2, padding=1, count_include_pad=False)
        y = nn.functional.adaptive_avg_pool2d(nn.functional.pad(y, (1, 0, 0, 1), mode="reflect"), (1, 1)).flatten(1)
        y = torch.cat([y, y.clamp(-0.1, 0.2), y.abs().sqrt(), nn.functional.hardswish(y)], dim=1)
        return self.head(y), y[:, 1:5:2]


images = Images()
with torch.no_grad():
    images.norm.running_mean.copy_(torch.randn(4) * 0.2)
    images.norm.running_var.copy_(torch.rand(4) + 0.5)

models = {
    "mlp": (nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 3), nn.Softmax(dim=1)), torch.randn(5, 4)),
    "images": (images, torch.randn(2, 1, 9, 10)),
    "transformer": (Block(), torch.randint(0, 11, (3, 6))),
}

reference = {}
for name, (model, x) in models.items():
    model.eval()
    y = model(x)
    outputs = y if isinstance(y, tuple) else (y,)
    loss = sum((o * o).sum() for o in outputs)
    loss.backward()
    dynamic = {"input": {0: "batch"}} if name != "images" else None
    file = io.BytesIO()
    torch.onnx.export(model, x, file, input_names=["input"], opset_version=16, dynamic_axes=dynamic, do_constant_folding=True)
    gradients = {key: p.grad.flatten().tolist() for key, p in model.named_parameters() if p.grad is not None and p.dim() == 2}
    reference[name] = {
        "model": base64.b64encode(file.getvalue()).decode(),
        "input": {"shape": list(x.shape), "dtype": "int32" if x.dtype == torch.int64 else "float32", "values": x.flatten().tolist()},
        "outputs": [{"shape": list(o.shape), "values": o.detach().flatten().tolist()} for o in outputs],
        "gradients": gradients,
    }

(here / "onnx-models.json").write_text(json.dumps(reference) + "\n")
print({name: len(r["model"]) for name, r in reference.items()})
