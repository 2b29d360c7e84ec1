#!/usr/bin/env python3
"""Makes the golden data in this folder with LiteRT. See README.md.

    make.py TFLITE_FOLDER PORTRAIT.jpg SYNTHETIC.jpg
"""

import json
import pathlib
import sys

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

HERE = pathlib.Path(__file__).parent
FILES = {
    "blaze_face_short": "face_detection_short_range",
    "blaze_face_full": "face_detection_full_range",
    "face_mesh": "face_landmark",
    "iris": "iris_landmark",
}


class Network:
    def __init__(self, folder, name):
        self.interpreter = Interpreter(str(pathlib.Path(folder) / f"{FILES[name]}.tflite"), num_threads=1)
        self.interpreter.allocate_tensors()
        # Detectors want -1 to 1, the others 0 to 1.
        self.is_signed = name.startswith("blaze")

    def __call__(self, pixels):
        values = pixels.astype(np.float32) / (127.5 if self.is_signed else 255.0) - (1.0 if self.is_signed else 0.0)
        self.interpreter.set_tensor(self.interpreter.get_input_details()[0]["index"], values[None])
        self.interpreter.invoke()
        found = [self.interpreter.get_tensor(output["index"]) for output in self.interpreter.get_output_details()]
        # The larger output first.
        return sorted((output.reshape(-1) for output in found), key=lambda output: -output.size)


def square(picture, middle, side, degrees, size, flipped=False):
    """A turned square of a picture; pixel i of the result is place i / size of the square."""
    step, turn = side / size, np.radians(degrees)
    matrix = step * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = np.array(middle) - matrix @ np.array([size / 2, size / 2])
    if flipped:
        shift, matrix = shift + matrix @ np.array([size - 1, 0]), matrix * [-1, 1]
    inverse = np.hstack([matrix, shift[:, None]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, inverse, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE), matrix


def on_grey(pixels, size, left, top):
    canvas = np.full((size, size, 3), 127, np.uint8)
    canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return canvas


def encode(arrays):
    """Safetensors: outputs of networks as f16, all else as f32."""
    header, data = {}, b""
    for name, values in sorted(arrays.items()):
        is_output = name.endswith((".large", ".small"))
        values = np.ascontiguousarray(values, "<f2" if is_output else "<f4")
        header[name] = {"dtype": "F16" if is_output else "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def network_cases(faces, eyes):
    """Inputs of every network, made of the pictures in this folder without interpolation."""
    for name, face in faces.items():
        yield f"{name}", "face_mesh", face
        yield f"{name}", "blaze_face_full", face
        yield f"{name}_half", "blaze_face_full", on_grey(face[::2, ::2], 192, 40, 60)
        yield f"{name}_half", "blaze_face_short", on_grey(face[::2, ::2], 128, 10, 20)
        yield f"{name}_third", "blaze_face_short", on_grey(face[::3, ::3], 128, 50, 30)
    portrait = faces["portrait"]
    yield "mirrored", "face_mesh", portrait[:, ::-1]
    yield "quarter_turn", "face_mesh", np.ascontiguousarray(np.rot90(portrait))
    yield "half", "face_mesh", on_grey(portrait[::2, ::2], 192, 48, 48)
    for name, eye in eyes.items():
        yield name, "iris", eye


def main():
    folder, *paths = sys.argv[1:]
    networks = {name: Network(folder, name) for name in FILES}
    pictures = [cv2.imread(path)[:, :, ::-1] for path in paths]
    portrait, synthetic = pictures
    # Six bits a channel make small files.
    faces = {
        "portrait": square(portrait, [245, 245], 300, 0, 192)[0] & 0xFC,
        "synthetic": square(synthetic, [250, 260], 380, 0, 192)[0] & 0xFC,
    }
    arrays = {}
    for name, face in faces.items():
        cv2.imwrite(str(HERE / f"{name}.png"), face[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    # Squares of the portrait, from tight to wide and turned, and the points that LiteRT finds there.
    squares = {"upright": ([245, 255], 290, 0), "turned": ([240, 250], 310, 20), "tight": ([245, 250], 240, -7)}
    for name, (middle, side, degrees) in squares.items():
        pixels, matrix = square(portrait, middle, side, degrees, 192)
        points = networks["face_mesh"](pixels)[0].reshape(-1, 3)
        arrays[f"square.{name}"] = np.array([*middle, side, degrees])
        arrays[f"square.{name}.points"] = np.array(middle) + (points[:, :2] - 96) @ matrix.T
    upright = arrays["square.upright.points"]
    eyes = {}
    for name, outer, inner in [("left_eye", 33, 133), ("right_eye", 263, 362)]:
        middle = (upright[outer] + upright[inner]) / 2
        side = 2.3 * np.linalg.norm(upright[outer] - upright[inner])
        eyes[name] = square(portrait, middle, side, 0, 64, flipped=name == "right_eye")[0] & 0xFC
    cv2.imwrite(str(HERE / "eyes.png"), np.hstack(list(eyes.values()))[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    for case, network, pixels in network_cases(faces, eyes):
        large, small = networks[network](pixels)
        if network.startswith("blaze"):
            # The surest boxes, and others here and there.
            kept = np.unique([*np.argsort(-small)[:12], *range(0, small.size, 61)])
            arrays[f"{network}.{case}.rows"] = kept
            large, small = large.reshape(-1, 16)[kept], small[kept]
        arrays[f"{network}.{case}.large"], arrays[f"{network}.{case}.small"] = large, small
    (HERE / "expected.safetensors").write_bytes(encode(arrays))


if __name__ == "__main__":
    main()
