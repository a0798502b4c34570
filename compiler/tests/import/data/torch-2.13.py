"""Wrote torch-2.13.pt with PyTorch 2.13.0: a checkpoint as the published trainer saves it.

Prints the integers that PyTorch's own quantile and rounding make of it; the test has them.
"""
import torch

SIZES = [8, 6, 4]
torch.manual_seed(7)


class Linear(torch.nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(o, i) * 0.4)
        self.bias = torch.nn.Parameter(torch.randn(o) * 3)
        self.register_buffer("max_accum_seen", torch.tensor(5.5))


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList(Linear(i, o) for i, o in zip(SIZES, SIZES[1:]))


net = Net()
torch.save(
    {
        "model_state": net.state_dict(),
        "architecture": {"input_size": SIZES[0], "hidden_sizes": SIZES[1:-1], "num_classes": SIZES[-1]},
        "charset": "AB?\0",
        "total_epochs": 100,
        "best_int_acc": 0.875,
        "best_epoch": 90,
    },
    "torch-2.13.pt",
)
for layer in net.layers:
    scale = torch.quantile(layer.weight.abs().flatten(), 0.95).clamp(min=1e-6)
    print(torch.clamp(torch.round(layer.weight / scale), -2, 1).to(torch.int8).flatten().tolist())
    print(torch.round(layer.bias * 32).to(torch.int16).tolist())
