"""Writes the trained student as ONNX: convolutions in half precision, normalisation kept apart and in single."""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn

from data import Source, draw_crops, read_sources
from student import Student

# Crops over which the running statistics are taken anew: unmixed, as what comes later is.
CALIBRATION_BATCHES = 64
CALIBRATION_BATCH = 64
# The input as the network was trained: x / 127.5 - 1, RGB.
PREPROCESSING = {"range": [-1, 1], "mean": [0, 0, 0], "deviation": [1, 1, 1], "channels": "rgb"}


def calibrate(student: Student, sources: list[Source], size: int, seed: int) -> None:
    """Running statistics of every normalisation as plain averages over crops."""
    norms = [module for module in student.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    student.train()
    with torch.no_grad():
        for i in range(CALIBRATION_BATCHES):
            student(draw_crops(sources, size, CALIBRATION_BATCH, (seed, 2, i), mix=False))
    student.eval()


class GraphWriter:
    """Collects nodes and weights. Nodes are called `/block1/conv1/Conv`, as PyTorch's own exporter has it."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def add(self, op: str, name: str, inputs: list[str], **attributes) -> str:
        output = f"{name}.out"
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"/{name}/{op}", **attributes))
        return output

    def weight(self, name: str, values: torch.Tensor, half: bool) -> str:
        array = values.detach().numpy()
        if not half:
            self.weights.append(numpy_helper.from_array(array.astype(np.float32), name))
            return name
        self.weights.append(numpy_helper.from_array(array.astype(np.float16), f"{name}.half"))
        self.nodes.append(
            helper.make_node("Cast", [f"{name}.half"], [name], name=f"/{name}/Cast", to=TensorProto.FLOAT)
        )
        return name

    def conv(self, name: str, x: str, conv: nn.Conv2d) -> str:
        (kernel, _), (stride, _), (pad, _) = conv.kernel_size, conv.stride, conv.padding
        weight = self.weight(f"{name}.weight", conv.weight, half=True)
        shape = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [pad] * 4}
        return self.add("Conv", name, [x, weight], **shape)

    def norm(self, name: str, x: str, norm: nn.BatchNorm2d) -> str:
        parts = {
            "weight": norm.weight,
            "bias": norm.bias,
            "running_mean": norm.running_mean,
            "running_var": norm.running_var,
        }
        inputs = [self.weight(f"{name}.{part}", values, half=False) for part, values in parts.items()]
        return self.add("BatchNormalization", name, [x, *inputs], epsilon=norm.eps)


def to_onnx(student: Student, size: int, card: str) -> onnx.ModelProto:
    """The student up to its last block, for images [N, 3, size, size]; any other size works as well."""
    writer = GraphWriter()
    x = writer.conv("stem", "image", student.stem)
    x = writer.add("Relu", "stem_relu", [writer.norm("stem_norm", x, student.stem_norm)])
    for number, block in enumerate(student.blocks, 1):
        name = f"block{number}"
        around = x
        if block.project:
            around = writer.norm(f"{name}/project_norm", writer.conv(f"{name}/project", x, block.project), block.project_norm)
        x = writer.norm(f"{name}/norm1", writer.conv(f"{name}/conv1", x, block.conv1), block.norm1)
        x = writer.conv(f"{name}/conv2", writer.add("Relu", f"{name}/relu1", [x]), block.conv2)
        x = writer.add("Add", f"{name}/add", [writer.norm(f"{name}/norm2", x, block.norm2), around])
        x = writer.add("Relu", f"{name}/relu2", [x])
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, size, size])
    features = helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", "channels", "height", "width"])
    graph = helper.make_graph(writer.nodes, "starter", [image], [features], writer.weights, doc_string=card)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="Parfocal")
    helper.set_model_props(model, {"parfocal.preprocessing": json.dumps(PREPROCESSING)})
    onnx.checker.check_model(model, full_check=True)
    return model


def difference(model: onnx.ModelProto, student: Student, crops: torch.Tensor) -> float:
    """The largest difference between the file's features and the student's, in parts of the largest feature."""
    with torch.no_grad():
        wanted = student(crops)[-1].numpy()
    (given,) = ReferenceEvaluator(model).run(None, {"image": crops.numpy()})
    return float(np.abs(given - wanted).max() / np.abs(wanted).max())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--shared", type=Path, default=Path("../shared"))
    options.add_argument("--work", type=Path, required=True, help="the folder that train.py wrote to")
    options.add_argument("--size", type=int, default=96, help="side of the input that the file declares")
    options.add_argument("--procedural", type=int, default=6000)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--random", action="store_true", help="random weights instead, for comparison")
    options.add_argument("--to", type=Path, required=True, help="the ONNX file")
    export(options.parse_args())


def export(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    sources = read_sources(options.shared, options.work, options.procedural, options.workers, options.seed)
    student = Student()
    if not options.random:
        state = torch.load(options.work / "checkpoint.pt", weights_only=True)
        prefix = "student."
        student.load_state_dict({k.removeprefix(prefix): v for k, v in state["model"].items() if k.startswith(prefix)})
    calibrate(student, sources, options.size, options.seed)
    model = to_onnx(student, options.size, "Apache-2.0. Its model card lies beside it.")
    off = difference(model, student, draw_crops(sources, options.size, 4, (options.seed, 3), mix=False))
    if off > 0.01:
        raise SystemExit(f"The file's features are off by {off:.3f} of the largest.")
    options.to.parent.mkdir(parents=True, exist_ok=True)
    # Projects may be linked to the file that was there: another one takes its place.
    partial = options.to.with_suffix(".part")
    onnx.save(model, partial, format="protobuf")
    partial.rename(options.to)
    print(f"{options.to}: {options.to.stat().st_size / 1e6:.1f} MB, features within {off:.4f} of the largest")


if __name__ == "__main__":
    main()
