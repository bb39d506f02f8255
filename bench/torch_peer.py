"""Times single runs of PyTorch on the CPU: one request a line on stdin (a name), milliseconds out."""

import sys
import time

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


FUNCTIONS = {"train": train, "physics": physics}
print(torch.__version__.split("+")[0], flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    FUNCTIONS[line.strip()]()
    print((time.perf_counter() - start) * 1e3, flush=True)
