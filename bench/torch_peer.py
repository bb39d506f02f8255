"""Times single runs of PyTorch on the CPU: one request a line on stdin (a name and its arguments), milliseconds out."""

import sys
import time
from functools import partial

import torch

torch.manual_seed(1)
if len(sys.argv) > 1:
    torch.set_num_threads(int(sys.argv[1]))


def network(sizes, dtype, scale):
    return [
        (
            (torch.rand(m, n, dtype=dtype) * 2 * scale - scale).requires_grad_(),
            (torch.rand(n, dtype=dtype) * 2 * scale - scale).requires_grad_(),
        )
        for m, n in zip(sizes, sizes[1:])
    ]


def forward(layers, x):
    for i, (w, b) in enumerate(layers):
        x = x @ w + b
        if i < len(layers) - 1:
            x = torch.tanh(x)
    return x


mlp = network([784, 512, 512, 10], torch.float32, 0.05)
images = torch.rand(128, 784)
labels = torch.arange(128) % 10


def train():
    """Value, gradient and a step of gradient descent."""
    loss = torch.nn.functional.cross_entropy(forward(mlp, images), labels)
    grads = torch.autograd.grad(loss, [p for layer in mlp for p in layer])
    with torch.no_grad():
        for p, g in zip([p for layer in mlp for p in layer], grads):
            p -= 0.01 * g


field = network([2, 32, 32, 32, 1], torch.float64, 0.4)
points = torch.rand(256, 2, dtype=torch.float64)


def physics():
    """The gradient of the mean of (u_xx + u)^2 by the network's parameters."""
    x = points.clone().requires_grad_()
    u = forward(field, x)[:, 0]
    (first,) = torch.autograd.grad(u.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first[:, 0].sum(), x, create_graph=True)
    loss = ((second[:, 0] + u) ** 2).mean()
    torch.autograd.grad(loss, [p for layer in field for p in layer], allow_unused=True)


pictures = {}


def convolve(x, w, padding, strides, groups, gradients=False):
    """The convolution of random pictures, and both gradients."""
    key = (x, w)
    if key not in pictures:
        pictures[key] = [torch.rand([int(n) for n in shape.split(",")]) for shape in key]
    leaves = [t.detach().requires_grad_(gradients) for t in pictures[key]]
    options = {"padding": int(padding), "stride": int(strides), "groups": int(groups)}
    y = torch.nn.functional.conv2d(*leaves, **options)
    if gradients:
        y.backward(y.detach())


FUNCTIONS = {
    "train": train,
    "physics": physics,
    "conv": convolve,
    "convgrad": partial(convolve, gradients=True),
}
print(torch.__version__.split("+")[0], flush=True)
for line in sys.stdin:
    name, *arguments = line.split()
    start = time.perf_counter()
    FUNCTIONS[name](*arguments)
    print((time.perf_counter() - start) * 1e3, flush=True)
